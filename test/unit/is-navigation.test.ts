import { expect, test } from 'vitest';
import { isNavigation } from '../../shared/core/is-navigation.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const OPENED = { method: 'GET', accept: BROWSER, fetchDest: 'document', isScript: false };

test.each([
  ['an address opened in a browser', {}],
  ['a HEAD that asks for HTML', { method: 'HEAD' }],
  ['a browser that sends no Sec-Fetch-Dest', { fetchDest: '' }],
  ['HTML named last and in upper case', { accept: 'image/png, TEXT/HTML;level=1' }],
  ['HTML liked little', { accept: 'text/html;q=0.01' }],
])('isNavigation takes %s for a person', (_, changes) => {
  expect(isNavigation({ ...OPENED, ...changes })).toBe(true);
});

test.each([
  ['a POST', { method: 'POST' }],
  ['a method in lower case', { method: 'get' }],
  ['curl', { accept: '*/*', fetchDest: '' }],
  ['no Accept at all', { accept: '', fetchDest: '' }],
  ['HTML refused', { accept: 'text/html;q=0, */*' }],
  ['HTML refused in full', { accept: 'text/html; q=0.000' }],
  ['a type that only begins so', { accept: 'text/html-fragment' }],
  ['a fetch', { fetchDest: 'empty' }],
  ['a frame', { fetchDest: 'iframe' }],
  ['Turbo or htmx', { isScript: true }],
])('isNavigation does not take %s for a person', (_, changes) => {
  expect(isNavigation({ ...OPENED, ...changes })).toBe(false);
});
