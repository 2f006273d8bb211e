import { expect, test } from 'vitest';
import { isKeepAwakeOpen, type KeepAwake, parseKeepAwake } from '../../shared/core/keep-awake.ts';

function windowOf(text: string): KeepAwake {
  const window = parseKeepAwake(text);
  if (window === undefined) throw new Error(`cannot be read: ${text}`);
  return window;
}

const at = (time: string) => Date.parse(time);

test('isKeepAwakeOpen is true from the first minute to the one before the last', () => {
  const window = windowOf('Mon-Fri 09:00-19:00 Asia/Tokyo');
  expect(isKeepAwakeOpen(window, at('2026-11-24T08:59:59+09:00'))).toBe(false);
  expect(isKeepAwakeOpen(window, at('2026-11-24T09:00:00+09:00'))).toBe(true);
  expect(isKeepAwakeOpen(window, at('2026-11-24T18:59:59+09:00'))).toBe(true);
  expect(isKeepAwakeOpen(window, at('2026-11-24T19:00:00+09:00'))).toBe(false);
});

test('isKeepAwakeOpen is false on a day that is not listed', () => {
  const window = windowOf('Mon-Fri 09:00-19:00 Asia/Tokyo');
  expect(isKeepAwakeOpen(window, at('2026-11-28T12:00:00+09:00'))).toBe(false);
});

test('isKeepAwakeOpen follows a window over midnight into the next day', () => {
  const window = windowOf('Fri 22:00-02:00 UTC');
  expect(isKeepAwakeOpen(window, at('2026-11-27T22:00:00Z'))).toBe(true);
  expect(isKeepAwakeOpen(window, at('2026-11-28T01:59:59Z'))).toBe(true);
  expect(isKeepAwakeOpen(window, at('2026-11-28T02:00:00Z'))).toBe(false);
  expect(isKeepAwakeOpen(window, at('2026-11-27T01:00:00Z'))).toBe(false);
});

test('isKeepAwakeOpen follows the wall clock over a change to daylight-saving time', () => {
  const window = windowOf('Mon-Fri 09:00-17:00 America/New_York');
  expect(isKeepAwakeOpen(window, at('2026-03-06T14:00:00Z'))).toBe(true); // 09:00 EST
  expect(isKeepAwakeOpen(window, at('2026-03-09T13:00:00Z'))).toBe(true); // 09:00 EDT
  expect(isKeepAwakeOpen(window, at('2026-03-06T13:00:00Z'))).toBe(false);
});

test('parseKeepAwake reads lists of days and a week that wraps', () => {
  expect([...windowOf('Sat,Sun 00:00-24:00 UTC').days]).toEqual([6, 0]);
  expect([...windowOf('Fri-Mon 10:00-11:00 UTC').days]).toEqual([5, 6, 0, 1]);
});

test.each([
  '',
  'Mon',
  'Mon 9:00-10:00 UTC',
  'Mon 09:00-25:00 UTC',
  'Mon 09:61-10:00 UTC',
  'Foo 09:00-10:00 UTC',
])('parseKeepAwake refuses %j', (text) => {
  expect(parseKeepAwake(text)).toBeUndefined();
});
