import { expect, test } from 'vitest';
import { createKnownBranches } from '../../shared/flows/known-branches.ts';
import { createTouch } from '../../shared/flows/touch.ts';
import { aRecord, aWorkload, BRANCH, HOUR, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore, readNothing } from '../fixtures/memory-ports.ts';

const REF = `deployment/${BRANCH}` as const;
const BACKGROUND = { isBackground: true };

function touching({ replicas = 1, atMs = NOON + HOUR, record = aRecord() }) {
  const clock = { nowMs: atMs };
  const now = () => clock.nowMs;
  const store = createMemoryStore(now, { [BRANCH]: record });
  const cluster = createMemoryCluster(aWorkload({ replicas }));
  const known = createKnownBranches({ cluster, timing: TIMING, now });
  const touch = createTouch({ readSurroundings: readNothing, store, cluster, known, timing: TIMING, now });
  return { touch, store, cluster, clock };
}

test('touch in the background stamps its own time and no visit', async () => {
  const { touch, store } = touching({ record: aRecord({ contested: 2 }) });
  expect(await touch(BRANCH, BACKGROUND)).toMatchObject({ outcome: 'awake', stamp: { stamp: 'written' } });
  const expected = aRecord({ contested: 2, lastBackgroundMs: NOON + HOUR });
  expect(store.records.get(BRANCH)).toEqual(expected);
});

test('touch throttles visits and background activity apart', async () => {
  const { touch, store } = touching({});
  await touch(BRANCH, BACKGROUND);
  await touch(BRANCH);
  await touch(BRANCH, BACKGROUND);
  await touch(BRANCH);
  expect(store.writes).toHaveLength(2);
  expect(store.records.get(BRANCH)).toMatchObject({
    lastAccessMs: NOON + HOUR,
    lastBackgroundMs: NOON + HOUR,
  });
});

test('touch in the background wakes a branch up to 12 hours after its last request, not later', async () => {
  const record = aRecord({ asleepSinceMs: NOON + HOUR, replicas: { [REF]: 2 } });
  const early = touching({ replicas: 0, record, atMs: NOON + 12 * HOUR - 1 });
  expect(await early.touch(BRANCH, BACKGROUND)).toMatchObject({ outcome: 'woken' });
  expect(early.cluster.workloads.get(REF)?.replicas).toBe(2);
  const late = touching({ replicas: 0, record, atMs: NOON + 12 * HOUR });
  expect(await late.touch(BRANCH, BACKGROUND)).toMatchObject({ outcome: 'left-asleep' });
  expect(late.cluster.workloads.get(REF)?.replicas).toBe(0);
});

test('touch of a person wakes what was left asleep', async () => {
  const record = aRecord({ asleepSinceMs: NOON + HOUR });
  const { touch } = touching({ replicas: 0, record, atMs: NOON + 99 * HOUR });
  await touch(BRANCH, BACKGROUND);
  expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken' });
});

test('touch in the background wakes when the store cannot say since when: doubt means wake', async () => {
  const { touch, store } = touching({ replicas: 0, atMs: NOON + 99 * HOUR });
  store.stampBackground = () => Promise.reject(new Error('down'));
  store.readRecord = () => Promise.reject(new Error('down'));
  expect(await touch(BRANCH, BACKGROUND)).toMatchObject({ outcome: 'woken', stamp: { stamp: 'failed' } });
});
