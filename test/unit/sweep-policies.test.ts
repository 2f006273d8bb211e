import { describe, expect, test } from 'vitest';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import { workloadRef } from '../../shared/core/workload.ts';
import { createSweep } from '../../shared/flows/sweep.ts';
import { ClusterError } from '../../shared/ports.ts';
import { aRecord, aWorkload, BRANCH, HOUR, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore } from '../fixtures/memory-ports.ts';

const DAY = 24 * HOUR;

type Given = {
  readonly annotations?: Record<string, string>;
  readonly record?: Partial<BranchRecord>;
  readonly replicas?: number;
  readonly mayDelete?: boolean;
};

async function sweeping({ annotations = {}, record = {}, replicas = 2, mayDelete = false }: Given) {
  const clock = { nowMs: NOON + 2 * HOUR };
  const now = () => clock.nowMs;
  const store = createMemoryStore(now, { [BRANCH]: aRecord(record) });
  const cluster = createMemoryCluster(aWorkload({ replicas, annotations }));
  const settings = { timing: TIMING, mode: 'on', mayDelete } as const;
  const options = { expectedProxies: 1, batchSize: 2, report: () => {} };
  const sweepWith = createSweep({ store, cluster, settings, now, ...options });
  const sweep = async (isBeating = true) => {
    if (isBeating) await store.stampHeartbeat('proxy', Number.POSITIVE_INFINITY);
    return sweepWith({ isDryRun: false });
  };
  return { clock, store, cluster, sweep };
}

describe('what a sweep reads besides', () => {
  test('sweep heeds what the namespace says', async () => {
    const { sweep, cluster } = await sweeping({});
    cluster.readInherited = async () => ({ 'dormouse/idle-after': '3h' });
    expect(await sweep()).toMatchObject({ slept: 0, kept: { active: 1 } });
  });

  test.each(['readInherited', 'listBounds', 'listJobs'] as const)(
    'sweep puts nothing to sleep, and is unwell, while %s fails',
    async (source) => {
      const { sweep, cluster } = await sweeping({});
      Object.assign(cluster, { [source]: () => Promise.reject(new ClusterError('may not')) });
      const summary = await sweep();
      expect(summary).toMatchObject({ slept: 0, unreadable: 'may not', kept: { 'source-unreadable': 1 } });
    },
  );

  test('sweep keeps a branch whose Job runs', async () => {
    const { sweep, cluster, clock } = await sweeping({});
    cluster.listJobs = async () => new Map([[BRANCH, [{ name: 'migrate', startedMs: clock.nowMs - HOUR }]]]);
    expect(await sweep()).toMatchObject({ slept: 0, kept: { 'job-running': 1 } });
  });

  test('sweep wakes a visited branch within the bounds of its HPA', async () => {
    const ref = `deployment/${BRANCH}` as const;
    const record = { asleepSinceMs: NOON - HOUR, replicas: { [ref]: 1 } };
    const { sweep, cluster } = await sweeping({ record, replicas: 0 });
    cluster.listBounds = async () => new Map([[ref, { min: 3, max: 5 }]]);
    expect(await sweep()).toMatchObject({ healed: 1 });
    expect(cluster.workloads.get(ref)?.replicas).toBe(3);
  });
});

describe('what owners are told', () => {
  test('sweep tells of a wrong annotation, where the owner looks', async () => {
    const { sweep, cluster } = await sweeping({ annotations: { 'dormouse/idle-after': 'soon' } });
    const told: string[] = [];
    cluster.tell = async ({ reason, message }) => void told.push(`${reason}: ${message}`);
    await sweep();
    expect(told).toEqual([expect.stringMatching(/^BadAnnotation: .*idle-after is "soon"/)]);
  });

  test('sweep is well when owners cannot be told, and says so', async () => {
    const { sweep, cluster } = await sweeping({ annotations: { 'dormouse/idle-after': 'soon' } });
    cluster.tell = () => Promise.reject(new ClusterError('may not create events'));
    const { failed, sideProblems } = await sweep();
    expect(failed).toBe(0);
    expect(sideProblems).toEqual(['the owners of branches cannot be told: may not create events']);
  });
});

describe('deletion', () => {
  const annotations = { 'dormouse/delete-after': '30d' };
  const record = { asleepSinceMs: NOON + HOUR };
  const asleep = { annotations, record, replicas: 0, mayDelete: true };

  test('sweep announces a deletion, waits its week, and deletes workloads, then the Service', async () => {
    const { sweep, cluster, clock } = await sweeping(asleep);
    clock.nowMs = NOON + 23 * DAY;
    const announced = await sweep();
    expect(announced.deletions).toEqual([{ branch: BRANCH, deleteAtMs: NOON + 30 * DAY }]);
    clock.nowMs = NOON + 30 * DAY - 1;
    expect(await sweep()).toMatchObject({ deleted: 0, kept: { asleep: 1 } });
    clock.nowMs += 1;
    expect(await sweep()).toMatchObject({ deleted: 1, failed: 0 });
    expect([...cluster.workloads.keys()]).toEqual([]);
    const order = cluster.calls.filter((call) => call.startsWith('remove'));
    expect(order).toEqual([`remove deployment/${BRANCH}`, `remove service ${BRANCH}`]);
  });

  test('sweep deletes nothing without the switch', async () => {
    const { sweep, cluster, clock } = await sweeping({ ...asleep, mayDelete: false });
    for (const day of [23, 30, 60]) {
      clock.nowMs = NOON + day * DAY;
      expect(await sweep()).toMatchObject({ deleted: 0, deletions: [] });
    }
    expect(cluster.workloads.size).toBe(1);
  });

  test('sweep deletes nothing while it is blind, and remembers that it was', async () => {
    const announced = { ...record, deletionAnnouncedAtMs: NOON + 23 * DAY };
    const { sweep, cluster, clock, store } = await sweeping({ ...asleep, record: announced });
    clock.nowMs = NOON + 40 * DAY;
    expect(await sweep(false)).toMatchObject({ deleted: 0, kept: { blind: 1 } });
    expect(store.place.lastBlindMs).toBe(clock.nowMs);
    clock.nowMs += 7 * DAY - 1;
    expect(await sweep()).toMatchObject({ deleted: 0 });
    clock.nowMs += 1;
    expect(await sweep()).toMatchObject({ deleted: 1 });
    expect(cluster.workloads.size).toBe(0);
  });

  test('sweep leaves what moved since it was read, and its Service', async () => {
    const announced = { ...record, deletionAnnouncedAtMs: NOON + 23 * DAY };
    const { sweep, cluster, clock } = await sweeping({ ...asleep, record: announced });
    clock.nowMs = NOON + 30 * DAY;
    cluster.removeWorkload = async () => 'conflict';
    expect(await sweep()).toMatchObject({ deleted: 0, kept: { 'changed-meanwhile': 1 } });
    expect(cluster.calls).not.toContain(`remove service ${BRANCH}`);
  });

  describe('of a branch of several workloads', () => {
    const announced = { ...record, deletionAnnouncedAtMs: NOON + 23 * DAY };
    const bearer = `deployment/${BRANCH}` as const;
    const companion = 'statefulset/db' as const;

    async function sweepingTwo(conflicting: string) {
      const world = await sweeping({ ...asleep, record: announced });
      const { cluster, clock } = world;
      const database = { kind: 'statefulset', name: 'db', branchLabel: BRANCH, replicas: 0 } as const;
      cluster.workloads.set(companion, aWorkload(database));
      clock.nowMs = NOON + 30 * DAY;
      const remove = cluster.removeWorkload;
      cluster.removeWorkload = async (condemned) =>
        workloadRef(condemned) === conflicting ? 'conflict' : remove(condemned);
      return world;
    }

    test('sweep leaves it whole when a visit was faster with the workload that bears its name', async () => {
      const { sweep, cluster } = await sweepingTwo(bearer);
      expect(await sweep()).toMatchObject({ deleted: 0, kept: { 'changed-meanwhile': 1 } });
      expect([...cluster.workloads.keys()].sort()).toEqual([bearer, companion].sort());
    });

    test('sweep names what moved only after that, and leaves it with the Service', async () => {
      const { sweep, cluster } = await sweepingTwo(companion);
      const { deleted, failed, problems } = await sweep();
      expect({ deleted, failed }).toEqual({ deleted: 1, failed: 1 });
      expect(problems[0]?.problem).toContain('deleted but for statefulset/db');
      expect(cluster.calls).not.toContain(`remove service ${BRANCH}`);
    });
  });
});
