import { expect, test } from 'vitest';
import { isBrandLink, MAX_BRAND_LINK_LENGTH } from '../../../shared/page/branding.ts';

test.each(['https://wiki.example/staging?a=1#b', 'http://localhost:3000'])(
  'isBrandLink accepts %s',
  (link) => {
    expect(isBrandLink(link)).toBe(true);
  },
);

test.each([
  '',
  '/staging',
  '//evil.example',
  'wiki.example',
  'javascript:alert(1)',
  ' \njavascript:alert(1)',
  'data:text/html,x',
  'https://user:secret@wiki.example/',
])('isBrandLink refuses %j', (link) => {
  expect(isBrandLink(link)).toBe(false);
});

test('isBrandLink accepts 500 characters and refuses 501', () => {
  const link = 'https://a.example/'.padEnd(MAX_BRAND_LINK_LENGTH, 'x');
  expect(isBrandLink(link)).toBe(true);
  expect(isBrandLink(`${link}x`)).toBe(false);
});
