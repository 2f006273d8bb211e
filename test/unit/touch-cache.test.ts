import { expect, test } from 'vitest';
import { createKnownBranches } from '../../shared/flows/known-branches.ts';
import { createTouch } from '../../shared/flows/touch.ts';
import { StoreError } from '../../shared/ports.ts';
import { aRecord, aWorkload, BRANCH, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore, readNothing } from '../fixtures/memory-ports.ts';

const REF = `deployment/${BRANCH}` as const;
const SECOND = 1_000;

function touching() {
  const clock = { nowMs: NOON };
  const now = () => clock.nowMs;
  const store = createMemoryStore(now, { [BRANCH]: aRecord() });
  const cluster = createMemoryCluster(aWorkload());
  const known = createKnownBranches({ cluster, timing: TIMING, now });
  const touch = createTouch({ readSurroundings: readNothing, store, cluster, known, timing: TIMING, now });
  const scaleToZero = () => cluster.workloads.set(REF, aWorkload({ replicas: 0 }));
  return { clock, store, cluster, touch, scaleToZero };
}

test('a touch of a visitor who found nobody home looks, whatever is remembered', async () => {
  const { touch, scaleToZero } = touching();
  await touch(BRANCH);
  scaleToZero();
  expect(await touch(BRANCH, { isHeld: true })).toMatchObject({ outcome: 'woken' });
});

test('a touch that could not be written looks, though the branch was awake moments ago', async () => {
  const { clock, store, cluster, touch, scaleToZero } = touching();
  const { readWorkload } = cluster;
  cluster.readWorkload = (ref) => {
    clock.nowMs += 5 * SECOND;
    return readWorkload(ref);
  };
  await touch(BRANCH);
  scaleToZero();
  clock.nowMs += 6 * SECOND;
  store.stampVisit = () => Promise.reject(new StoreError('down'));
  expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken', stamp: { stamp: 'failed' } });
});
