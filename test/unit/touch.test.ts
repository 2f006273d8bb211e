import { describe, expect, test } from 'vitest';
import { createKnownBranches } from '../../shared/flows/known-branches.ts';
import { createTouch } from '../../shared/flows/touch.ts';
import { ClusterError, StoreError } from '../../shared/ports.ts';
import { aRecord, aWorkload, BRANCH, NOON, TIMING } from '../fixtures/branches.ts';
import {
  createMemoryCluster,
  createMemoryStore,
  type MemoryCluster,
  type MemoryStore,
  readNothing,
} from '../fixtures/memory-ports.ts';

const SECOND = 1_000;

function touching(given: {
  cluster?: MemoryCluster;
  records?: Parameters<typeof createMemoryStore>[1];
  isDryRun?: boolean;
}) {
  const clock = { nowMs: NOON };
  const now = () => clock.nowMs;
  const store: MemoryStore = createMemoryStore(now, given.records ?? { [BRANCH]: aRecord() });
  const cluster = given.cluster ?? createMemoryCluster(aWorkload());
  const known = createKnownBranches({ cluster, timing: TIMING, now });
  const touch = createTouch({
    readSurroundings: readNothing,
    store,
    cluster,
    known,
    timing: TIMING,
    now,
    isDryRun: given.isDryRun ?? false,
  });
  return { touch, clock, store, cluster };
}

describe('an awake branch', () => {
  test('touch stamps the visit and asks Kubernetes once', async () => {
    const { touch, clock, store, cluster } = touching({});
    clock.nowMs += 5;
    expect(await touch(BRANCH)).toEqual({ outcome: 'awake', stamp: { stamp: 'written' } });
    expect(store.records.get(BRANCH)?.lastAccessMs).toBe(NOON + 5);
    expect(cluster.calls).toEqual([`read deployment/${BRANCH}`]);
  });

  test('touch neither writes nor asks again within 10 s, and does both after', async () => {
    const { touch, clock, store, cluster } = touching({});
    await touch(BRANCH);
    clock.nowMs += 10 * SECOND - 1;
    expect(await touch(BRANCH)).toEqual({ outcome: 'awake', stamp: { stamp: 'throttled' } });
    expect([store.writes.length, cluster.calls.length]).toEqual([1, 1]);
    clock.nowMs += 1;
    await touch(BRANCH);
    expect([store.writes.length, cluster.calls.length]).toEqual([2, 2]);
  });

  test('touch shares one flight among visits at the same time', async () => {
    const { touch, store, cluster } = touching({});
    await Promise.all(Array.from({ length: 50 }, () => touch(BRANCH)));
    expect([store.writes.length, cluster.calls.length]).toEqual([1, 1]);
  });

  test('touch leaves a branch alone that opted out, though it is at 0', async () => {
    const cluster = createMemoryCluster(
      aWorkload({ replicas: 0, annotations: { 'dormouse/enabled': 'false' } }),
    );
    const { touch } = touching({ cluster });
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'opted-out' });
    expect(cluster.workloads.get(`deployment/${BRANCH}`)?.replicas).toBe(0);
  });
});

describe('a sleeping branch', () => {
  const asleep = aRecord({ asleepSinceMs: NOON, replicas: { [`deployment/${BRANCH}`]: 3 } });

  test('touch wakes it to the remembered count and leaves the claim to a sweep', async () => {
    const cluster = createMemoryCluster(aWorkload({ replicas: 0 }));
    const { touch, store } = touching({ cluster, records: { [BRANCH]: asleep } });
    const woken = [{ ref: `deployment/${BRANCH}`, replicas: 3, outcome: 'raised' }];
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken', woken });
    expect(cluster.workloads.get(`deployment/${BRANCH}`)?.replicas).toBe(3);
    expect(store.records.get(BRANCH)).toHaveProperty('asleepSinceMs', NOON);
  });

  test('touch wakes to the annotated count, whatever was remembered', async () => {
    const annotations = { 'dormouse/replicas': '5' };
    const cluster = createMemoryCluster(aWorkload({ replicas: 0, annotations }));
    const { touch } = touching({ cluster, records: { [BRANCH]: asleep } });
    await touch(BRANCH);
    expect(cluster.workloads.get(`deployment/${BRANCH}`)?.replicas).toBe(5);
  });

  test('touch wakes the claimed companions and not one that a person keeps at 0', async () => {
    const cluster = createMemoryCluster(
      aWorkload({ replicas: 0 }),
      aWorkload({ kind: 'statefulset', name: 'db', branchLabel: BRANCH, replicas: 0 }),
      aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 }),
    );
    const replicas = { [`deployment/${BRANCH}`]: 1, 'statefulset/db': 2 } as const;
    const { touch } = touching({ cluster, records: { [BRANCH]: { ...asleep, replicas } } });
    await touch(BRANCH);
    expect([...cluster.workloads.values()].map((workload) => workload.replicas)).toEqual([1, 2, 0]);
  });

  test('touch wakes every workload when the record cannot be read, for doubt means wake', async () => {
    const cluster = createMemoryCluster(
      aWorkload({ replicas: 0 }),
      aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 }),
    );
    const { touch, store } = touching({ cluster });
    store.readRecord = () => Promise.reject(new StoreError('down'));
    await touch(BRANCH);
    expect([...cluster.workloads.values()].map((workload) => workload.replicas)).toEqual([1, 1]);
  });

  test('touch wakes a branch whose visit cannot be written, says so, and caches nothing', async () => {
    const cluster = createMemoryCluster(aWorkload({ replicas: 0 }));
    const { touch, store } = touching({ cluster });
    store.stampVisit = () => Promise.reject(new StoreError('read-only'));
    const stamp = { stamp: 'failed', problem: 'read-only' };
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken', stamp });
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'awake', stamp });
    cluster.workloads.set(`deployment/${BRANCH}`, aWorkload({ replicas: 0 }));
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken' });
  });

  test('touch changes nothing in a dry run', async () => {
    const cluster = createMemoryCluster(aWorkload({ replicas: 0 }));
    const { touch } = touching({ cluster, records: { [BRANCH]: asleep }, isDryRun: true });
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'would-wake', stamp: { stamp: 'written' } });
    expect(cluster.workloads.get(`deployment/${BRANCH}`)?.replicas).toBe(0);
  });
});

describe('a branch that the store does not know', () => {
  test('touch creates its record and looks again', async () => {
    const { touch, store, cluster } = touching({ records: {} });
    expect(await touch(BRANCH)).toEqual({ outcome: 'awake', stamp: { stamp: 'written' } });
    expect(store.records.get(BRANCH)?.lastAccessMs).toBe(NOON);
    const once = [`read deployment/${BRANCH}`, `read ${BRANCH}`];
    expect(cluster.calls).toEqual([`find ${BRANCH}`, ...once, `read deployment/${BRANCH}`]);
  });

  test('touch creates nothing for a branch that Kubernetes does not know either', async () => {
    const { touch, store } = touching({ records: {}, cluster: createMemoryCluster() });
    expect(await touch('nobody--g')).toEqual({ outcome: 'no-such-branch' });
    expect(store.records.size).toBe(0);
  });

  test('touch asks Kubernetes for an unknown branch once in 30 s', async () => {
    const { touch, clock, cluster } = touching({ records: {}, cluster: createMemoryCluster() });
    await touch('nobody--g');
    const asked = cluster.calls.length;
    clock.nowMs += 30 * SECOND - 1;
    await touch('nobody--g');
    expect(cluster.calls).toHaveLength(asked);
    clock.nowMs += 1;
    await touch('nobody--g');
    expect(cluster.calls).toHaveLength(2 * asked);
  });

  test('touch finds a branch that is only labelled, or a StatefulSet', async () => {
    const labelled = aWorkload({ name: 'web', branchLabel: 'a--g' });
    const set = aWorkload({ kind: 'statefulset', name: 'b--g' });
    const { touch } = touching({ records: {}, cluster: createMemoryCluster(labelled, set) });
    expect(await touch('a--g')).toMatchObject({ outcome: 'awake' });
    expect(await touch('b--g')).toMatchObject({ outcome: 'awake' });
  });

  test('touch leaves a workload to the branch of its label, whatever its name', async () => {
    const cluster = createMemoryCluster(aWorkload({ name: 'a--g', branchLabel: 'b--g' }));
    const { touch } = touching({ records: {}, cluster });
    expect(await touch('a--g')).toEqual({ outcome: 'no-such-branch' });
    expect(await touch('b--g')).toMatchObject({ outcome: 'awake' });
  });
});

describe('a store that is down', () => {
  const MADE_UP = 600;

  async function flooded(cluster: MemoryCluster) {
    const world = touching({ cluster });
    world.store.stampVisit = () => Promise.reject(new StoreError('down'));
    const outcomes: string[] = [];
    for (let n = 0; n < MADE_UP; n += 1) {
      outcomes.push((await world.touch(`made-up-${n}--g`)).outcome);
      world.clock.nowMs += (60 * SECOND) / MADE_UP;
    }
    return { ...world, outcomes };
  }

  test('touch looks at no more than 240 made-up hosts in a minute while nothing can be written', async () => {
    const { cluster, outcomes } = await flooded(createMemoryCluster());
    const looks = cluster.calls.filter((call) => call.startsWith('read deployment/')).length;
    expect(looks).toBeGreaterThan(230);
    expect(looks).toBeLessThanOrEqual(240);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(MADE_UP - looks);
  });

  test('touch goes on looking at a branch that it saw moments ago, however many hosts are made up', async () => {
    const { touch, clock, cluster } = await flooded(createMemoryCluster(aWorkload({ replicas: 0 })));
    for (let n = 0; (await touch(`more-${n}--g`)).outcome !== 'busy'; n += 1);
    expect(await touch(BRANCH)).toEqual({ outcome: 'busy' });
    clock.nowMs += SECOND;
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken' });
    for (let n = 0; (await touch(`yet-more-${n}--g`)).outcome !== 'busy'; n += 1);
    cluster.workloads.set(`deployment/${BRANCH}`, aWorkload({ replicas: 0 }));
    expect(await touch(BRANCH)).toMatchObject({ outcome: 'woken' });
  });

  test('touch wakes branches that are there while nothing can be written, however many', async () => {
    const names = Array.from({ length: 500 }, (_, n) => `real-${n}--g`);
    const cluster = createMemoryCluster(...names.map((name) => aWorkload({ name, replicas: 0 })));
    const { touch, store } = touching({ cluster });
    store.stampVisit = () => Promise.reject(new StoreError('down'));
    for (const name of names) expect(await touch(name)).toMatchObject({ outcome: 'woken' });
  });
});

test('touch rejects when Kubernetes cannot be asked, having recorded the visit', async () => {
  const { touch, clock, store, cluster } = touching({});
  cluster.readWorkload = () => Promise.reject(new ClusterError('unreachable'));
  clock.nowMs += 7;
  await expect(touch(BRANCH)).rejects.toThrow('unreachable');
  expect(store.records.get(BRANCH)?.lastAccessMs).toBe(NOON + 7);
});

test('touch scales once when a mirrored and a held visit come at the same time', async () => {
  const cluster = createMemoryCluster(aWorkload({ replicas: 0 }));
  const { touch } = touching({ cluster });
  await Promise.all([touch(BRANCH), touch(BRANCH, { isHeld: true })]);
  expect(cluster.calls.filter((call) => call.startsWith('raise'))).toEqual([
    `raise deployment/${BRANCH} to 1`,
  ]);
});
