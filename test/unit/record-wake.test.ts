import { describe, expect, test } from 'vitest';
import { createWakeTimer } from '../../shared/flows/record-wake.ts';
import { aRecord, BRANCH, NOON } from '../fixtures/branches.ts';
import { createMemoryStore } from '../fixtures/memory-ports.ts';

const MINUTE_MS = 60_000;

function timing(wakeMs: readonly number[] = []) {
  const clock = { nowMs: NOON };
  const now = () => clock.nowMs;
  const store = createMemoryStore(now, { [BRANCH]: aRecord({ wakeMs }) });
  const durations = () => store.records.get(BRANCH)?.wakeMs;
  return { clock, durations, timer: createWakeTimer(store, now) };
}

describe('the timer of wakes', () => {
  test('a wake counts from the first that waits for it to the moment it is reached', async () => {
    const { clock, durations, timer } = timing();
    timer.started(BRANCH);
    clock.nowMs += 3_000;
    timer.started(BRANCH);
    clock.nowMs += 4_000;
    await timer.reached(BRANCH);
    expect(durations()).toEqual([7_000]);
  });

  test('a wake counts once, and one that nobody waited for does not', async () => {
    const { clock, durations, timer } = timing();
    await timer.reached(BRANCH);
    timer.started(BRANCH);
    clock.nowMs += 1_000;
    await Promise.all([timer.reached(BRANCH), timer.reached(BRANCH)]);
    expect(durations()).toEqual([1_000]);
  });

  test('a wake of 15 minutes does not count, and one that begins then counts from there', async () => {
    const { clock, durations, timer } = timing();
    timer.started(BRANCH);
    clock.nowMs += 15 * MINUTE_MS;
    await timer.reached(BRANCH);
    expect(durations()).toEqual([]);
    timer.started(BRANCH);
    clock.nowMs += 15 * MINUTE_MS;
    timer.started(BRANCH);
    clock.nowMs += 1_000;
    await timer.reached(BRANCH);
    expect(durations()).toEqual([1_000]);
  });

  test('the last five wakes are kept', async () => {
    const { clock, durations, timer } = timing([1, 2, 3, 4, 5]);
    timer.started(BRANCH);
    clock.nowMs += 6;
    await timer.reached(BRANCH);
    expect(durations()).toEqual([2, 3, 4, 5, 6]);
  });
});
