import { expect, test } from 'vitest';
import { usualWakeMs } from '../../../shared/page/usual-wake.ts';

test.each([
  [[], undefined],
  [[40_000], 40_000],
  [[90_000, 30_000, 40_000], 40_000],
  [[50_000, 30_000], 40_000],
  [[Number.NaN, -1, 20_000], 20_000],
])('usualWakeMs of %j is their median, %s', (wakeMs, usualMs) => {
  expect(usualWakeMs(wakeMs)).toBe(usualMs);
});
