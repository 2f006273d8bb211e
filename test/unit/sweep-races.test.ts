import { expect, test } from 'vitest';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import { createSweep } from '../../shared/flows/sweep.ts';
import { ClusterError, StoreError } from '../../shared/ports.ts';
import { aRecord, aWorkload, BRANCH, HOUR, MINUTE, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore } from '../fixtures/memory-ports.ts';

const REF = `deployment/${BRANCH}` as const;

/** A sweep at two o'clock of one branch, which was visited at noon unless its record says otherwise. */
async function sweeping(record: BranchRecord = aRecord()) {
  const clock = { nowMs: NOON + 2 * HOUR };
  const now = () => clock.nowMs;
  const store = createMemoryStore(now, { [BRANCH]: record });
  const cluster = createMemoryCluster(aWorkload());
  await store.stampHeartbeat('proxy', TIMING.heartbeatSilenceMs);
  const settings = { timing: TIMING, mode: 'on' } as const;
  const sweep = createSweep({
    ...{ store, cluster, settings, now, expectedProxies: 1, batchSize: 2 },
    report: () => undefined,
  });
  const replicas = () => cluster.workloads.get(REF)?.replicas;
  return { clock, store, cluster, replicas, sweep: () => sweep({ isDryRun: false }) };
}

test('a sweep is blind when the heartbeats cannot be read', async () => {
  const { sweep, store, replicas } = await sweeping();
  store.readHeartbeats = () => Promise.reject(new StoreError('too slow'));
  expect(await sweep()).toMatchObject({
    slept: 0,
    kept: { blind: 1 },
    blind: { explanation: expect.stringContaining('too slow') },
  });
  expect(replicas()).toBe(1);
});

test('a sweep keeps a branch that opted out after the list was read', async () => {
  const { sweep, cluster, replicas } = await sweeping();
  const { listWorkloads } = cluster;
  cluster.listWorkloads = async () => {
    const listed = await listWorkloads();
    cluster.workloads.set(REF, aWorkload({ annotations: { 'dormouse/enabled': 'false' } }));
    return listed;
  };
  expect(await sweep()).toMatchObject({ slept: 0, kept: { 'opted-out': 1 } });
  expect(replicas()).toBe(1);
});

test('a sweep that froze after its claim scales nothing down, since it may be too late to wake it again', async () => {
  const { sweep, clock, store, cluster, replicas } = await sweeping();
  const { update } = store;
  store.update = async (...claim) => {
    const claimed = await update(...claim);
    clock.nowMs += TIMING.claimDeadlineMs + 1;
    return claimed;
  };
  cluster.raise = () => Promise.reject(new ClusterError('too slow'));
  expect(await sweep()).toMatchObject({ slept: 0 });
  expect(replicas()).toBe(1);
});

test('a sweep leaves a branch at 0 that somebody put there after its claim had ended', async () => {
  const asleepSinceMs = NOON + HOUR;
  const claimed = aRecord({ lastAccessMs: asleepSinceMs + MINUTE, asleepSinceMs, replicas: { [REF]: 1 } });
  const { sweep, cluster, store, replicas } = await sweeping(claimed);
  const { listWorkloads } = cluster;
  const { readAll } = store;
  const meanwhile = () => {
    const { asleepSinceMs: _since, replicas: _counts, ...ended } = claimed;
    store.records.set(BRANCH, ended);
    cluster.workloads.set(REF, aWorkload({ replicas: 0 }));
  };
  cluster.listWorkloads = () => listWorkloads().finally(meanwhile);
  store.readAll = () => readAll().finally(meanwhile);
  await sweep();
  expect(replicas()).toBe(0);
});
