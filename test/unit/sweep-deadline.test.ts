import { describe, expect, test } from 'vitest';
import type { SweptBranch } from '../../shared/core/sweep-result.ts';
import { createSweep } from '../../shared/flows/sweep.ts';
import { StoreError } from '../../shared/ports.ts';
import { aRecord, aWorkload, HOUR, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore } from '../fixtures/memory-ports.ts';

const SCALE_MS = 1_000;
const BATCH_SIZE = 2;
const SIX = ['a--g', 'b--g', 'c--g', 'd--g', 'e--g', 'f--g'];

/** Idle branches, each of whose scales to 0 takes a second, and a sweep that takes on work for so long. */
async function sweeping(given: { deadlineMs: number; visited?: readonly string[] }) {
  const { deadlineMs, visited = [] } = given;
  const clock = { nowMs: NOON + 2 * HOUR };
  const now = () => clock.nowMs;
  const claim = { asleepSinceMs: NOON + HOUR, lastAccessMs: NOON + 2 * HOUR };
  const records = SIX.map((name) => [name, aRecord(visited.includes(name) ? claim : {})]);
  const workloads = SIX.map((name) => aWorkload({ name, replicas: visited.includes(name) ? 0 : 1 }));
  const store = createMemoryStore(now, Object.fromEntries(records));
  const cluster = createMemoryCluster(...workloads);
  const { lower } = cluster;
  cluster.lower = (ref, version) => {
    clock.nowMs += SCALE_MS / BATCH_SIZE;
    return lower(ref, version);
  };
  const reported: SweptBranch[] = [];
  const report = (swept: SweptBranch) => void reported.push(swept);
  const settings = { timing: TIMING, mode: 'on' } as const;
  const options = { expectedProxies: 1, batchSize: BATCH_SIZE, deadlineMs };
  const sweepWith = createSweep({ store, cluster, settings, now, report, ...options });
  const sweep = async (isDryRun = false) => {
    await store.stampHeartbeat('proxy', TIMING.heartbeatSilenceMs);
    return sweepWith({ isDryRun });
  };
  const asleep = () => SIX.filter((name) => cluster.workloads.get(`deployment/${name}`)?.replicas === 0);
  return { sweep, store, cluster, asleep, reported, clock };
}

describe('a sweep that has no time left', () => {
  test('takes on no batch at its deadline, finishes the one under way, and says what is left', async () => {
    const { sweep, asleep, reported } = await sweeping({ deadlineMs: SCALE_MS + 1 });
    const summary = await sweep();
    expect(summary).toMatchObject({ branches: 6, slept: 4, failed: 0, kept: { deadline: 2 } });
    expect(summary.stopped).toEqual({ done: 4, remaining: 2 });
    expect(asleep()).toEqual(SIX.slice(0, 4));
    expect(reported).toHaveLength(6);
  });

  test('begins a batch just before its deadline and none at it', async () => {
    const before = await sweeping({ deadlineMs: 2 * SCALE_MS + 1 });
    expect(await before.sweep()).toMatchObject({ slept: 6, stopped: false });
    const at = await sweeping({ deadlineMs: 2 * SCALE_MS });
    expect(await at.sweep()).toMatchObject({ slept: 4, stopped: { remaining: 2 } });
  });

  test('leaves its place, from which the next goes on and clears it when it gets through', async () => {
    const { sweep, store, cluster, asleep } = await sweeping({ deadlineMs: SCALE_MS });
    await sweep();
    expect([asleep(), store.place]).toEqual([['a--g', 'b--g'], { resumeAfter: 'b--g' }]);
    await sweep();
    expect([asleep(), store.place]).toEqual([SIX.slice(0, 4), { resumeAfter: 'd--g' }]);
    expect(await sweep()).toMatchObject({ slept: 2, stopped: false });
    const lowered = cluster.calls.filter((call) => call.startsWith('lower'));
    expect(lowered).toEqual(SIX.map((name) => `lower deployment/${name}`));
  });

  test('keeps nobody waiting for ever behind branches that fail again and again', async () => {
    const { sweep, cluster, asleep } = await sweeping({ deadlineMs: SCALE_MS });
    const { lower } = cluster;
    cluster.lower = (ref, version) => lower(ref, /[ab]--g$/.test(ref) ? 'stale' : version);
    for (let sweeps = 0; sweeps < 4; sweeps += 1) await sweep();
    expect(asleep()).toEqual(SIX.slice(2));
  });

  test('wakes visited branches before it puts others to sleep, wherever the last one stopped', async () => {
    const { sweep, store, cluster } = await sweeping({ deadlineMs: SCALE_MS, visited: ['a--g', 'f--g'] });
    store.place = { resumeAfter: 'b--g' };
    expect(await sweep()).toMatchObject({ healed: 2, slept: 2, stopped: { done: 4, remaining: 2 } });
    const scaled = cluster.calls.filter((call) => !call.startsWith('read'));
    const order = ['raise deployment/f--g to 1', 'raise deployment/a--g to 1'];
    expect(scaled).toEqual([...order, 'lower deployment/c--g', 'lower deployment/d--g']);
  });

  test('counts the time that its lists took, and is unwell when it got to nothing', async () => {
    const { sweep, store, cluster, clock } = await sweeping({ deadlineMs: SCALE_MS });
    const { listWorkloads } = cluster;
    cluster.listWorkloads = () => {
      clock.nowMs += SCALE_MS;
      return listWorkloads();
    };
    store.place = { resumeAfter: 'c--g' };
    expect(await sweep()).toMatchObject({ slept: 0, stopped: { done: 0, remaining: 6 } });
    expect([store.place, store.writes]).toEqual([{ resumeAfter: 'c--g' }, []]);
  });

  test('begins at the start when its place cannot be read', async () => {
    const { sweep, store, asleep } = await sweeping({ deadlineMs: SCALE_MS });
    store.readSweepPlace = () => Promise.reject(new StoreError('down'));
    await sweep();
    expect([asleep(), store.place]).toEqual([['a--g', 'b--g'], { resumeAfter: 'b--g' }]);
  });

  test('is well when its place cannot be kept, and says so', async () => {
    const { sweep, store } = await sweeping({ deadlineMs: SCALE_MS });
    store.writeSweepPlace = () => Promise.reject(new StoreError('down'));
    const summary = await sweep();
    expect(summary).toMatchObject({ slept: 2, failed: 0 });
    expect(summary.sideProblems).toEqual(['the next sweep does not know where to go on: down']);
  });
});

describe('a sweep that has time', () => {
  test('writes no place when there was none', async () => {
    const { sweep, store } = await sweeping({ deadlineMs: HOUR });
    await sweep();
    expect(store.writes.filter((written) => written === 'place')).toEqual([]);
  });

  test('rehearses every branch in a dry run, whatever the deadline, and writes no place', async () => {
    const { sweep, store } = await sweeping({ deadlineMs: 0 });
    store.place = { resumeAfter: 'c--g' };
    expect(await sweep(true)).toMatchObject({ kept: { 'dry-run': 6 }, stopped: false });
    expect([store.place, store.writes]).toEqual([{ resumeAfter: 'c--g' }, []]);
  });
});
