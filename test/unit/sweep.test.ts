import { describe, expect, test } from 'vitest';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import type { SweptBranch } from '../../shared/core/sweep-result.ts';
import type { Workload } from '../../shared/core/workload.ts';
import { createSweep } from '../../shared/flows/sweep.ts';
import { ClusterError, StoreError } from '../../shared/ports.ts';
import { aRecord, aWorkload, BRANCH, HOUR, MINUTE, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore } from '../fixtures/memory-ports.ts';

const REF = `deployment/${BRANCH}` as const;

type Given = {
  readonly workloads?: readonly Workload[];
  readonly records?: Record<string, BranchRecord>;
  readonly deadlineMs?: number;
};

async function sweeping(given: Given) {
  const clock = { nowMs: NOON + 2 * HOUR };
  const now = () => clock.nowMs;
  const store = createMemoryStore(now, given.records ?? { [BRANCH]: aRecord() });
  const cluster = createMemoryCluster(...(given.workloads ?? [aWorkload({ replicas: 2 })]));
  const reported: SweptBranch[] = [];
  const settings = { timing: TIMING, mode: 'on' } as const;
  const report = (swept: SweptBranch) => void reported.push(swept);
  const { deadlineMs = Number.POSITIVE_INFINITY } = given;
  const options = { expectedProxies: 1, batchSize: 2, deadlineMs };
  const sweepWith = createSweep({ store, cluster, settings, now, report, ...options });
  await store.stampHeartbeat('proxy', TIMING.heartbeatSilenceMs);
  const sweep = async (isDryRun = false) => {
    await store.stampHeartbeat('proxy', TIMING.heartbeatSilenceMs);
    return sweepWith({ isDryRun });
  };
  return { clock, store, cluster, reported, sweep, sweepWith };
}

describe('an idle branch', () => {
  test('sweep puts it to sleep and remembers its replicas', async () => {
    const { sweep, cluster, store, clock } = await sweeping({});
    const asleep = { branches: 1, pods: 2 };
    expect(await sweep()).toMatchObject({ slept: 1, failed: 0, blind: false, asleep });
    expect(cluster.workloads.get(REF)?.replicas).toBe(0);
    expect(store.records.get(BRANCH)).toMatchObject({ asleepSinceMs: clock.nowMs, replicas: { [REF]: 2 } });
  });

  test('sweep writes nothing once everything is as it should be', async () => {
    const { sweep, cluster, store } = await sweeping({});
    await sweep();
    const before = [store.writes.length, cluster.calls.length];
    expect(await sweep()).toMatchObject({ slept: 0, kept: { asleep: 1 }, asleep: { branches: 1, pods: 2 } });
    expect([store.writes.length, cluster.calls.length]).toEqual(before);
  });

  test('sweep explains in a dry run and changes nothing', async () => {
    const { sweep, cluster, store } = await sweeping({});
    const summary = await sweep(true);
    expect(summary).toMatchObject({ dryRun: true, slept: 0, kept: { 'dry-run': 1 } });
    expect(summary.decisions?.[0]).toMatchObject({
      branch: BRANCH,
      decision: { action: 'sleep', idleMs: 2 * HOUR },
    });
    expect([store.writes, cluster.calls]).toEqual([[], []]);
  });

  test('sweep wakes all of it when one workload changed since it was read', async () => {
    const worker = aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 3 });
    const { sweep, cluster } = await sweeping({ workloads: [aWorkload({ replicas: 2 }), worker] });
    const { lower } = cluster;
    cluster.lower = (ref, version) => lower(ref, ref === 'deployment/worker' ? 'stale' : version);
    expect(await sweep()).toMatchObject({ slept: 0, failed: 0, kept: { conflict: 1 } });
    expect([...cluster.workloads.values()].map(({ replicas }) => replicas)).toEqual([2, 3]);
  });

  test('sweep wakes it when a visit comes between claim and scale', async () => {
    const { sweep, cluster, store } = await sweeping({});
    const { lower } = cluster;
    cluster.lower = async (ref, version) => {
      await store.stampVisit(BRANCH);
      return lower(ref, version);
    };
    expect(await sweep()).toMatchObject({ slept: 0, kept: { 'visited-meanwhile': 1 } });
    expect(cluster.workloads.get(REF)?.replicas).toBe(2);
    expect(store.records.get(BRANCH)).toHaveProperty('asleepSinceMs');
  });

  test('sweep wakes it when scaling took longer than a claim may', async () => {
    const { sweep, cluster, clock } = await sweeping({});
    const { lower } = cluster;
    cluster.lower = (ref, version) => {
      clock.nowMs += TIMING.claimDeadlineMs + 1;
      return lower(ref, version);
    };
    expect(await sweep()).toMatchObject({ kept: { 'claim-deadline': 1 } });
    expect(cluster.workloads.get(REF)?.replicas).toBe(2);
  });

  test('sweep wakes it when the record cannot be read after the claim', async () => {
    const { sweep, cluster, store } = await sweeping({});
    store.readRecord = () => Promise.reject(new StoreError('down'));
    expect(await sweep()).toMatchObject({ failed: 1, kept: { 'record-unreadable': 1 } });
    expect(cluster.workloads.get(REF)?.replicas).toBe(2);
  });

  test('sweep goes on with the others when one branch fails', async () => {
    const records = { 'a--g': aRecord(), 'b--g': aRecord(), 'c--g': aRecord() };
    const workloads = Object.keys(records).map((name) => aWorkload({ name }));
    const { sweep, cluster, reported } = await sweeping({ workloads, records });
    const { readBranch } = cluster;
    cluster.readBranch = (branch) =>
      branch === 'b--g' ? Promise.reject(new ClusterError('too slow')) : readBranch(branch);
    const summary = await sweep();
    expect(summary).toMatchObject({
      slept: 2,
      failed: 1,
      problems: [{ branch: 'b--g', problem: 'too slow' }],
    });
    expect(reported.map(({ branch }) => branch).sort()).toEqual(['a--g', 'b--g', 'c--g']);
  });
});

describe('blindness', () => {
  test('sweep keeps every branch without a heartbeat and says why', async () => {
    const { sweepWith, cluster, clock } = await sweeping({});
    clock.nowMs += 4 * MINUTE;
    const summary = await sweepWith({ isDryRun: false });
    expect(summary).toMatchObject({ slept: 0, kept: { blind: 1 }, blind: { reason: 'no-heartbeat' } });
    expect(cluster.workloads.get(REF)?.replicas).toBe(2);
  });

  test('sweep keeps the rest when heartbeats stop between two batches', async () => {
    const records = Object.fromEntries(['a--g', 'b--g', 'c--g'].map((name) => [name, aRecord()]));
    const workloads = Object.keys(records).map((name) => aWorkload({ name }));
    const { sweep, cluster, clock } = await sweeping({ workloads, records });
    const { lower } = cluster;
    cluster.lower = (ref, version) => {
      clock.nowMs += ref === 'deployment/b--g' ? 4 * MINUTE : 0;
      return lower(ref, version);
    };
    expect(await sweep()).toMatchObject({ kept: { blind: 1 }, blind: { reason: 'no-heartbeat' } });
    expect(cluster.workloads.get('deployment/c--g')?.replicas).toBe(1);
  });

  test('sweep heals a visited branch though it is blind', async () => {
    const records = { [BRANCH]: aRecord({ lastAccessMs: NOON + HOUR, asleepSinceMs: NOON }) };
    const { sweepWith, cluster, clock } = await sweeping({
      workloads: [aWorkload({ replicas: 0 })],
      records,
    });
    clock.nowMs += HOUR;
    expect(await sweepWith({ isDryRun: false })).toMatchObject({
      healed: 1,
      blind: { reason: 'no-heartbeat' },
    });
    expect(cluster.workloads.get(REF)?.replicas).toBe(1);
  });
});

describe('a claim that ends', () => {
  const claim = aRecord({ lastAccessMs: NOON - 2 * HOUR, asleepSinceMs: NOON });

  test('sweep counts a branch as contested that somebody else woke, and as visited', async () => {
    const { sweep, store, clock } = await sweeping({ records: { [BRANCH]: claim } });
    expect(await sweep()).toMatchObject({ contested: 1 });
    expect(store.records.get(BRANCH)).toEqual({ lastAccessMs: clock.nowMs, contested: 1, wakeMs: [] });
  });

  test('sweep counts a deploy since the claim as no contest', async () => {
    const workloads = [aWorkload({ lastEditMs: NOON + 1 })];
    const { sweep, store } = await sweeping({ workloads, records: { [BRANCH]: claim } });
    expect(await sweep()).toMatchObject({ contested: 0 });
    expect(store.records.get(BRANCH)).not.toHaveProperty('contested');
  });

  test('sweep counts a visit since the claim as no contest and leaves its time', async () => {
    const visited = { ...claim, lastAccessMs: NOON + 5 };
    const { sweep, store } = await sweeping({ records: { [BRANCH]: visited } });
    expect(await sweep()).toMatchObject({ contested: 0 });
    expect(store.records.get(BRANCH)).toEqual({ lastAccessMs: NOON + 5, wakeMs: [] });
  });

  test('sweep wakes the rest of a branch that is half up before it ends the claim', async () => {
    const replicas = { [REF]: 2, 'deployment/worker': 4 } as const;
    const worker = aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 });
    const given = { workloads: [aWorkload(), worker], records: { [BRANCH]: { ...claim, replicas } } };
    const { sweep, cluster, store } = await sweeping(given);
    await sweep();
    expect(cluster.workloads.get('deployment/worker')?.replicas).toBe(4);
    expect(store.records.get(BRANCH)).not.toHaveProperty('asleepSinceMs');
  });

  test('sweep leaves a claim whose branch did not wake whole', async () => {
    const replicas = { [REF]: 2, 'deployment/worker': 4 } as const;
    const worker = aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 });
    const { sweep, cluster, store } = await sweeping({
      workloads: [aWorkload(), worker],
      records: { [BRANCH]: { ...claim, replicas } },
    });
    cluster.raise = () => Promise.reject(new ClusterError('forbidden'));
    expect(await sweep()).toMatchObject({ failed: 1 });
    expect(store.records.get(BRANCH)).toHaveProperty('asleepSinceMs', NOON);
  });
});

describe('records', () => {
  test('sweep registers a branch that it never saw and keeps it', async () => {
    const { sweep, store, clock } = await sweeping({ records: {} });
    expect(await sweep()).toMatchObject({ slept: 0, kept: { registered: 1 } });
    expect(store.records.get(BRANCH)?.lastAccessMs).toBe(clock.nowMs);
  });

  test('sweep lets the record of a branch that is gone expire, without its claim', async () => {
    const record = aRecord({ asleepSinceMs: NOON, replicas: { [REF]: 2 }, contested: 2 });
    const { sweep, store, clock } = await sweeping({ workloads: [], records: { [BRANCH]: record } });
    await sweep();
    const expireAtMs = clock.nowMs + TIMING.goneRecordKeptMs;
    expect(store.records.get(BRANCH)).toEqual({ lastAccessMs: NOON, wakeMs: [], expireAtMs });
  });

  test('sweep keeps the claim of a branch that its list missed', async () => {
    const record = aRecord({ asleepSinceMs: NOON });
    const { sweep, store, cluster } = await sweeping({
      workloads: [aWorkload({ replicas: 0 })],
      records: { [BRANCH]: record },
    });
    cluster.listWorkloads = async () => [];
    expect(await sweep()).toMatchObject({ kept: { 'changed-meanwhile': 1 } });
    expect(store.records.get(BRANCH)).toEqual(record);
  });

  test('sweep changes only workloads that belong to a branch', async () => {
    const workloads = [
      aWorkload(),
      aWorkload({ name: 'database' }),
      aWorkload({ name: 'x', branchLabel: 'prod' }),
    ];
    const { sweep, cluster } = await sweeping({ workloads });
    await sweep();
    expect(cluster.calls.filter((call) => call.startsWith('lower'))).toEqual([`lower ${REF}`]);
  });
});

describe('touches that may have been lost', () => {
  test('sweep counts no branch as idle for longer than the heartbeats are back', async () => {
    const { sweep, clock } = await sweeping({});
    clock.nowMs += 10 * MINUTE; // nobody heard from the proxy, nor from its visitors
    expect(await sweep()).toMatchObject({ slept: 0, blind: false, kept: { active: 1 } });
    for (let minute = 1; minute < 60; minute += 1) {
      clock.nowMs += MINUTE;
      expect(await sweep()).toMatchObject({ slept: 0, kept: { active: 1 } });
    }
    clock.nowMs += MINUTE;
    expect(await sweep()).toMatchObject({ slept: 1 });
  });

  test('sweep keeps a branch when the heartbeats came back in the middle of it', async () => {
    const { sweepWith, store } = await sweeping({});
    const { readHeartbeats } = store;
    let looks = 0;
    store.readHeartbeats = async () => {
      const { heartbeats, nowMs } = await readHeartbeats();
      looks += 1;
      return {
        heartbeats: heartbeats.map((beat) => (looks > 1 ? { ...beat, resumedMs: nowMs } : beat)),
        nowMs,
      };
    };
    expect(await sweepWith({ isDryRun: false })).toMatchObject({ slept: 0, kept: { active: 1 } });
  });
});
