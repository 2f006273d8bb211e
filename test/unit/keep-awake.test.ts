import { expect, test } from 'vitest';
import {
  isKeepAwakeDue,
  isKeepAwakeNear,
  isKeepAwakeOpen,
  type KeepAwake,
  parseKeepAwake,
} from '../../shared/core/keep-awake.ts';

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
  const daysOf = (text: string) => windowOf(text).map(({ days }) => [...days]);
  expect(daysOf('Sat,Sun 00:00-24:00 UTC')).toEqual([[6, 0]]);
  expect(daysOf('Fri-Mon 10:00-11:00 UTC; Tue 10:00-11:00 UTC')).toEqual([[5, 6, 0, 1], [2]]);
});

test.each([
  [
    'north, clocks go forward',
    'Sun 01:30-03:30 America/New_York',
    '2026-03-08T06:30:00Z',
    '2026-03-08T07:30:00Z',
  ],
  [
    'north, clocks go back',
    'Sun 01:30-03:30 America/New_York',
    '2026-11-01T05:30:00Z',
    '2026-11-01T08:30:00Z',
  ],
  [
    'south, clocks go forward',
    'Sun 01:30-03:30 Australia/Sydney',
    '2026-10-03T15:30:00Z',
    '2026-10-03T16:30:00Z',
  ],
  ['half an hour off', 'Tue 09:00-19:00 Asia/Kolkata', '2026-11-24T03:30:00Z', '2026-11-24T13:30:00Z'],
])('isKeepAwakeOpen opens and closes by the wall clock: %s', (_, text, opens, closes) => {
  const window = windowOf(text);
  expect(isKeepAwakeOpen(window, at(opens) - 1)).toBe(false);
  expect(isKeepAwakeOpen(window, at(opens))).toBe(true);
  expect(isKeepAwakeOpen(window, at(closes) - 1)).toBe(true);
  expect(isKeepAwakeOpen(window, at(closes))).toBe(false);
});

test('isKeepAwakeOpen is true in any of several windows', () => {
  const windows = windowOf('Mon 09:00-10:00 UTC; Tue 12:00-13:00 UTC');
  expect(isKeepAwakeOpen(windows, at('2026-11-24T12:30:00Z'))).toBe(true);
  expect(isKeepAwakeOpen(windows, at('2026-11-24T09:30:00Z'))).toBe(false);
});

test('isKeepAwakeNear is true from the lead before the window on', () => {
  const window = windowOf('Tue 09:00-19:00 UTC');
  const nineMs = at('2026-11-24T09:00:00Z');
  expect(isKeepAwakeNear(window, 5 * 60_000, nineMs - 5 * 60_000 - 1)).toBe(false);
  expect(isKeepAwakeNear(window, 5 * 60_000, nineMs - 5 * 60_000)).toBe(true);
});

test('isKeepAwakeNear sees a window that is shorter than the lead', () => {
  const window = windowOf('Tue 09:00-09:01 UTC');
  expect(isKeepAwakeNear(window, 10 * 60_000, at('2026-11-24T08:55:00Z'))).toBe(true);
});

test('isKeepAwakeDue wakes who fell asleep before the window, and not who was put to sleep in it', () => {
  const window = windowOf('Mon-Fri 09:00-19:00 UTC');
  const moment = { leadMs: 5 * 60_000, nowMs: at('2026-11-24T10:00:00Z') };
  expect(isKeepAwakeDue(window, at('2026-11-23T20:00:00Z'), moment)).toBe(true);
  expect(isKeepAwakeDue(window, at('2026-11-23T18:00:00Z'), moment)).toBe(true);
  expect(isKeepAwakeDue(window, at('2026-11-24T09:30:00Z'), moment)).toBe(false);
});

test('isKeepAwakeDue wakes ahead of the window, by the lead', () => {
  const window = windowOf('Mon-Fri 09:00-19:00 UTC');
  const asleepMs = at('2026-11-23T20:00:00Z');
  const moment = (nowMs: number) => ({ leadMs: 5 * 60_000, nowMs });
  expect(isKeepAwakeDue(window, asleepMs, moment(at('2026-11-24T08:54:59Z')))).toBe(false);
  expect(isKeepAwakeDue(window, asleepMs, moment(at('2026-11-24T08:55:00Z')))).toBe(true);
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
