import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelayMs } from '../../shared/adapters/rest/retry-delay.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const SURE = 0.999;

test.each([429, 500, 502, 503, 504, undefined])('retryDelayMs waits after status %s', (status) => {
  expect(retryDelayMs({ attempt: 0, status }, SURE, NOW_MS)).toBeCloseTo(99.9);
});

test.each([200, 204, 400, 401, 403, 404, 409, 410, 422, 501])(
  'retryDelayMs gives up after status %s: asking again would not help',
  (status) => {
    expect(retryDelayMs({ attempt: 0, status }, SURE, NOW_MS)).toBeUndefined();
  },
);

test('retryDelayMs doubles its ceiling and gives up after the fifth attempt', () => {
  const delays = [0, 1, 2, 3, 4].map((attempt) => retryDelayMs({ attempt }, 0.5, NOW_MS));
  expect(delays).toEqual([50, 100, 200, 400, undefined]);
});

test('retryDelayMs waits for as many seconds as Retry-After says, and a little more', () => {
  const failed = { attempt: 0, status: 429, retryAfter: '3' };
  expect(retryDelayMs(failed, 0, NOW_MS)).toBe(3_000);
  expect(retryDelayMs(failed, 0.5, NOW_MS)).toBe(3_050);
});

test('retryDelayMs waits until the date that Retry-After names', () => {
  const failed = { attempt: 0, status: 503, retryAfter: 'Thu, 01 Jan 2026 00:00:07 GMT' };
  expect(retryDelayMs(failed, 0, NOW_MS)).toBe(7_000);
});

test.each(['Wed, 31 Dec 2025 23:59:59 GMT', 'soon', '', '-5', '1.5.x'])(
  'retryDelayMs takes Retry-After %j for no wish at all',
  (retryAfter) => {
    expect(retryDelayMs({ attempt: 0, status: 503, retryAfter }, 0, NOW_MS)).toBe(0);
  },
);

test('retryDelayMs never answers a negative or endless delay, whatever a server writes', () => {
  fc.assert(
    fc.property(
      fc.nat(10),
      fc.string(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, retryAfter, chance) => {
        const delayMs = retryDelayMs({ attempt, status: 503, retryAfter }, chance, NOW_MS);
        expect(delayMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(delayMs).not.toBeNaN();
      },
    ),
  );
});
