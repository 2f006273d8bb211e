import { expect, test } from 'vitest';
import { createTiming } from '../../shared/core/timing.ts';

test('createTiming divides every duration by the speed', () => {
  const timing = createTiming(60_000 * 60, { speed: 10 });
  expect(timing.idleAfterMs).toBe(360_000);
  expect(timing.heartbeatSilenceMs).toBe(18_000);
});

test('createTiming keeps the age of a claim at 10 s or more, however fast the clock', () => {
  const timing = createTiming(60_000 * 60, { speed: 1_000 });
  expect(timing.claimSettlesMs).toBe(10_000);
  expect(timing.claimDeadlineMs).toBe(10_000);
});
