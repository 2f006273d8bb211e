import { expect, test } from 'vitest';
import { ENGLISH } from '../../../shared/page/texts-english.ts';
import { JAPANESE } from '../../../shared/page/texts-japanese.ts';

function textsIn(value: object): string[] {
  return Object.values(value).flatMap((inner) => (typeof inner === 'string' ? [inner] : textsIn(inner)));
}

test('every Japanese text is Japanese and every English text is not', () => {
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
  expect(textsIn(JAPANESE).filter((text) => !japanese.test(text))).toEqual([]);
  expect(textsIn(ENGLISH).filter((text) => japanese.test(text))).toEqual([]);
});

test('no text names a different set of places to fill in than in the other language', () => {
  const placesIn = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
  expect(textsIn(JAPANESE).map(placesIn)).toEqual(textsIn(ENGLISH).map(placesIn));
});
