import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseLanguage } from '../../../shared/page/choose-language.ts';

test.each([
  [undefined, 'en'],
  ['', 'en'],
  ['ja', 'ja'],
  ['ja-JP', 'ja'],
  ['JA-jp', 'ja'],
  ['en-US,en;q=0.9,ja;q=0.8', 'en'],
  ['ja,en-US;q=0.9,en;q=0.8', 'ja'],
  ['en;q=0.5, ja;q=0.6', 'ja'],
  ['fr, ja;q=0.1', 'ja'],
  ['fr, de', 'en'],
  ['*, ja', 'en'],
  ['ja, *', 'ja'],
  ['*;q=0.5, ja;q=0.4', 'en'],
  ['en;q=0, ja;q=0.001', 'ja'],
  ['ja;q=0', 'en'],
  ['ja;q=2', 'en'],
  ['ja;q=-1', 'en'],
  ['ja ; q = 0.9 , en ;q=0.1', 'ja'],
  ['jav', 'en'],
  ['<script>ja</script>, ja', 'ja'],
])('chooseLanguage reads %j as %s', (header, language) => {
  expect(chooseLanguage(header)).toBe(language);
});

test('chooseLanguage looks at the first twenty languages, and at no more', () => {
  const others = (count: number) => Array.from({ length: count }, () => 'fr').join(',');
  expect(chooseLanguage(`${others(19)},ja`)).toBe('ja');
  expect(chooseLanguage(`${others(20)},ja`)).toBe('en');
});

test('chooseLanguage answers with a language of ours, whatever is sent', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => /^(en|ja)$/.test(chooseLanguage(header))));
});

test('chooseLanguage is quick with a header made to be slow', () => {
  const startedMs = performance.now();
  for (const header of ['a-'.repeat(50_000), `ja;q=${'0'.repeat(100_000)}`, ' '.repeat(100_000)]) {
    expect(chooseLanguage(header)).toBe('en');
  }
  expect(performance.now() - startedMs).toBeLessThan(100);
});
