import { describe, expect, test } from 'vitest';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import { aWorld, aWorldAfter, HOUR, MINUTE, NOON, PAIR, SOLO, TIMING } from './a-world.ts';
import { factsOf, loweringsOf, raisingsOf } from './history.ts';
import { violationsOf } from './invariants.ts';
import { createSteps, type Steps } from './steps.ts';
import { choicesFrom } from './world/choices.ts';
import type { Manifest } from './world/cluster-state.ts';
import { createTimeline } from './world/timeline.ts';
import type { World, WorldOptions } from './world/world.ts';

type Stage = { readonly world: World; readonly steps: Steps };

const REF = `deployment/${SOLO}` as const;

async function stageAfter(sweeps: number, options: Partial<WorldOptions> = {}): Promise<Stage> {
  const world = await aWorldAfter(sweeps, [SOLO], options);
  return { world, steps: createSteps(world) };
}

const asleep = (options: Partial<WorldOptions> = {}) => stageAfter(2, options);
const annotated = (annotations: Record<string, string>): Manifest => ({
  kind: 'deployment',
  name: SOLO,
  replicas: 2,
  annotations,
});
const replicasOf = ({ cluster }: World, name = SOLO) => cluster.read(`deployment/${name}`)?.replicas;
const recordOf = ({ store }: World): BranchRecord | undefined => store.records().get(SOLO);

/** The result of the next sweep's only branch. */
async function sweepOne({ steps }: Stage) {
  const { swept } = await steps.sweep();
  return swept[0]?.result;
}

describe('pins and hours', () => {
  test('a pin wakes a sleeping branch, and is neither a contest nor a visit', async () => {
    const stage = await asleep();
    const { world, steps } = stage;
    const before = recordOf(world)?.lastAccessMs;
    world.store.pin(SOLO, world.clock.nowMs + HOUR);
    expect(await sweepOne(stage)).toMatchObject({ result: 'healed' });
    steps.pass(3 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'settled', end: 'expected' });
    expect(recordOf(world)).toMatchObject({ lastAccessMs: before });
    expect(recordOf(world)).not.toHaveProperty('contested');
    expect(violationsOf(world)).toEqual([]);
  });

  test('the last sweep before its hours wakes a branch, and the first after them lets it sleep', async () => {
    const stage = await asleep();
    const { world, steps } = stage;
    world.namespace.annotate({ 'dormouse/keep-awake': 'Tue 12:30-13:00 UTC' });
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'asleep' });
    steps.pass(NOON + 26 * MINUTE - world.clock.nowMs);
    expect(await sweepOne(stage)).toMatchObject({ result: 'healed' });
    steps.pass(3 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'settled', end: 'expected' });
    steps.pass(30 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'keep-awake-hours' });
    steps.pass(MINUTE);
    expect(await sweepOne(stage)).toMatchObject({ result: 'slept' });
    expect(violationsOf(world)).toEqual([]);
  });

  const AFTERNOON = { 'dormouse/keep-awake': 'Tue 15:00-16:00 UTC' };

  test.each([
    ['that all inherit leave a branch asleep', { inherited: AFTERNOON, own: {} }, 'kept'],
    ['of its own wake a branch', { inherited: {}, own: AFTERNOON }, 'healed'],
  ])('hours %s that nobody used of late', async (_, { inherited, own }, result) => {
    const stage = await asleep({ manifests: [annotated(own)] });
    const { world, steps } = stage;
    world.namespace.annotate(inherited);
    steps.pass(TIMING.scheduledWakeWithinMs);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'asleep' });
    steps.pass(NOON + 3 * HOUR - world.clock.nowMs);
    expect(await sweepOne(stage)).toMatchObject({ result });
    expect(violationsOf(world)).toEqual([]);
  });

  test('a person who scales up a branch that its hours would not wake has visited it', async () => {
    const stage = await asleep();
    const { world, steps } = stage;
    steps.pass(TIMING.scheduledWakeWithinMs);
    world.namespace.annotate({ 'dormouse/keep-awake': 'Tue 14:00-14:30 UTC' });
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'asleep' });
    steps.pass(NOON + 2 * HOUR + 29 * MINUTE - world.clock.nowMs);
    world.cluster.scale(REF, 2);
    expect(await sweepOne(stage)).toMatchObject({ result: 'settled', end: 'put-back' });
    steps.pass(2 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'active' });
    expect(violationsOf(world)).toEqual([]);
  });

  test('a sweep wakes ten of fourteen branches by their hours, the slowest starters first', async () => {
    const names = Array.from({ length: 14 }, (_, index) => `b${String(index).padStart(2, '0')}--g`);
    const manifests = names.map((name) => ({ kind: 'deployment', name, replicas: 1 }) as const);
    const world = aWorld([], { manifests });
    const steps = createSteps(world);
    await steps.sweep();
    steps.pass(11 * MINUTE);
    await steps.sweep();
    names.forEach((name, index) => {
      const version = world.store.readAll().records.get(name)?.version ?? '';
      const change = { wakeMs: [index * 1_000] };
      world.store.update({ by: 'people', stampMs: 0 }, { branch: name, version, change });
    });
    world.namespace.annotate({ 'dormouse/keep-awake': 'Tue 12:12-13:00 UTC' });
    await steps.sweep();
    const up = names.filter((name) => replicasOf(world, name) === 1);
    expect(up).toEqual(names.slice(4));
    await steps.sweep();
    expect(names.every((name) => replicasOf(world, name) === 1)).toBe(true);
    expect(violationsOf(world)).toEqual([]);
  });
});

describe('background activity', () => {
  test('a tab that polls every second for a weekend lets its branch sleep once, and wakes it never', async () => {
    const { world, steps } = await stageAfter(1);
    const timeline = createTimeline(world, choicesFrom([]));
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    const startMs = world.clock.nowMs;
    // nginx lets one a minute through.
    const tab = { branch: SOLO, instance: 'wake-1', how: 'polls', everyMs: MINUTE } as const;
    world.tabs.open({ ...tab, lastsMs: 60 * HOUR });
    for (let minutes = 5; minutes <= 60 * 60; minutes += 5) {
      await timeline.runUntil(startMs + minutes * MINUTE);
      world.sweep();
    }
    const [lowering, ...more] = loweringsOf(world);
    expect(more).toEqual([]);
    expect((lowering?.atMs ?? 0) - startMs).toBeGreaterThanOrEqual(TIMING.backgroundMaxMs);
    expect((lowering?.atMs ?? 0) - startMs).toBeLessThan(TIMING.backgroundMaxMs + 10 * MINUTE);
    expect(raisingsOf(world)).toEqual([]);
    world.request({ branch: SOLO, instance: 'wake-1', isNavigation: false });
    await timeline.runUntil(world.clock.nowMs + MINUTE);
    expect(replicasOf(world)).toBe(2);
  }, 60_000);

  test('a visit after the sleep wakes its branch, though a page saw it awake a moment before', async () => {
    const stage = await stageAfter(1);
    const { world, steps } = stage;
    steps.pass(TIMING.backgroundMaxMs);
    world.visit('wake-1', SOLO, { isBackground: true });
    await steps.finish('wake-1');
    steps.pass(5_000);
    expect(await sweepOne(stage)).toMatchObject({ result: 'slept' });
    const visit = world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    expect(visit.result).toMatchObject({ outcome: 'woken' });
    expect(violationsOf(world)).toEqual([]);
  });

  test('a socket that is reported keeps its branch awake over its idle time, and alone no longer than it may', async () => {
    const { world } = await stageAfter(1);
    const timeline = createTimeline(world, choicesFrom([]));
    const startMs = world.clock.nowMs;
    const tab = { branch: SOLO, instance: 'wake-1', how: 'socket', everyMs: MINUTE } as const;
    world.visit('wake-1', SOLO);
    world.tabs.open({ ...tab, lastsMs: 60 * HOUR });
    const sleptAtMs: number[] = [];
    for (let minutes = 5; minutes <= 120; minutes += 5) {
      await timeline.runUntil(startMs + minutes * MINUTE);
      if (replicasOf(world) === 0) sleptAtMs.push(minutes);
      world.sweep();
    }
    expect(sleptAtMs[0]).toBeGreaterThan(40);
    expect(sleptAtMs[0]).toBeLessThanOrEqual(55);
    expect(violationsOf(world)).toEqual([]);
  });
});

describe('fights', () => {
  test.each([
    ['scale', 3],
    ['apply', 3],
    ['deploy', undefined],
  ] as const)('replicas that are put back by %s three times are counted as %s', async (how, contested) => {
    const { world } = await stageAfter(1);
    const timeline = createTimeline(world, choicesFrom([]));
    world.reactions.fight(SOLO, how);
    for (let minutes = 0; minutes < 60; minutes += 5) {
      world.sweep();
      await timeline.runUntil(world.clock.nowMs + 5 * MINUTE);
    }
    expect(recordOf(world)?.contested).toBe(contested);
    expect(replicasOf(world)).toBe(2);
    expect(violationsOf(world)).toEqual([]);
  });
});

describe('autoscalers', () => {
  test('a wake keeps within the bounds of an HPA, and one at 0 by itself is woken by a visit and slept by nobody', async () => {
    const stage = await asleep();
    const { world, steps } = stage;
    world.namespace.bound(REF, { min: 3, max: 5 });
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    expect(replicasOf(world)).toBe(3);
    steps.pass(3 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'settled', end: 'visited' });
    world.namespace.bound(REF, { min: 0, max: 5 });
    world.reactions.idle(REF);
    steps.pass(11 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'noted', note: 'note-off' });
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'scaled-to-zero-by-hand' });
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    expect(replicasOf(world)).toBe(1);
    expect(violationsOf(world)).toEqual([]);
  });
});

describe('what cannot be read', () => {
  test.each(['readInherited', 'listBounds', 'listJobs'])(
    'a branch stays awake while %s has no answer, and sleeps when it has',
    async (source) => {
      const stage = await stageAfter(1);
      const { world, steps } = stage;
      const sweep = world.sweep();
      await steps.until(sweep.name, source);
      await steps.lose(sweep.name, source);
      await steps.finish(sweep.name);
      expect(sweep.swept[0]?.result).toEqual({ result: 'kept', reason: 'source-unreadable' });
      expect(sweep.result?.unreadable).toContain(source);
      expect(await sweepOne(stage)).toMatchObject({ result: 'slept' });
      expect(violationsOf(world)).toEqual([]);
    },
  );

  test('a Job keeps its branch awake for so long, and no longer', async () => {
    const stage = await stageAfter(1);
    const { world, steps } = stage;
    world.namespace.startJob(SOLO, 10 * HOUR);
    steps.pass(TIMING.jobKeepsAwakeMs - 1);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'job-running' });
    steps.pass(1);
    expect(await sweepOne(stage)).toMatchObject({ result: 'slept' });
    expect(violationsOf(world)).toEqual([]);
  });
});

describe('deletion', () => {
  const WANTED = { 'dormouse/delete-after': '40m' };

  /** Asleep, announced, and a minute before the end of its time. */
  async function announced(options: Partial<WorldOptions> = { mayDelete: true }): Promise<Stage> {
    const stage = await asleep(options);
    const { world, steps } = stage;
    world.namespace.annotate(WANTED);
    await steps.sweep();
    steps.pass(TIMING.deletionNoticeMs - MINUTE);
    return stage;
  }

  const isThere = ({ cluster }: World) => cluster.read(REF) !== undefined;

  test('a branch is deleted a week after that was announced, its Service last, and not before', async () => {
    const stage = await announced();
    const { world, steps } = stage;
    expect(recordOf(world)).toHaveProperty('deletionAnnouncedAtMs');
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'asleep' });
    steps.pass(MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'deleted', workloads: [REF] });
    const kinds = world.facts.filter(({ fact }) => fact === 'changed' || fact === 'service-removed');
    expect(kinds.slice(-2).map(({ fact }) => fact)).toEqual(['changed', 'service-removed']);
    expect(violationsOf(world)).toEqual([]);
  });

  test('nothing is deleted without the switch', async () => {
    const stage = await announced({});
    stage.steps.pass(HOUR);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'asleep' });
    expect(isThere(stage.world)).toBe(true);
  });

  test('a visit before the record is read again keeps a branch', async () => {
    const { world, steps } = await announced();
    steps.pass(MINUTE);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'readRecord');
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    await steps.finish(sweep.name);
    expect(sweep.swept[0]?.result).toEqual({ result: 'kept', reason: 'changed-meanwhile' });
    expect(replicasOf(world)).toBe(2);
    expect(violationsOf(world)).toEqual([]);
  });

  test('a visit that wakes it before the call arrives keeps a branch and its Service', async () => {
    const { world, steps } = await announced();
    steps.pass(MINUTE);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'removeWorkload');
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    await steps.finish(sweep.name);
    expect(replicasOf(world)).toBe(2);
    expect(world.namespace.hasService(SOLO)).toBe(true);
    expect(violationsOf(world)).toEqual([]);
  });

  test('a blind sweep deletes nothing, and nothing is deleted for a week after it', async () => {
    const stage = await announced();
    const { world, steps } = stage;
    world.store.beat('proxy-1', false);
    steps.pass(4 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'blind' });
    world.store.beat('proxy-1', true);
    steps.pass(TIMING.deletionNoticeMs - 1);
    await steps.sweep();
    expect(isThere(world)).toBe(true);
    steps.pass(1);
    expect(await sweepOne(stage)).toMatchObject({ result: 'deleted' });
    expect(violationsOf(world)).toEqual([]);
  });

  test('a companion that runs keeps a branch whose own workload is at 0', async () => {
    const world = await aWorldAfter(1, [PAIR], { mayDelete: true });
    const steps = createSteps(world);
    world.namespace.annotate(WANTED);
    world.cluster.scale(`deployment/${PAIR}`, 0);
    for (let minutes = 0; minutes < 120; minutes += 30) {
      await steps.sweep();
      steps.pass(30 * MINUTE);
    }
    expect(replicasOf(world, 'pair-worker')).toBe(3);
    expect(factsOf(world, 'owner-told')).toEqual([]);
    expect(violationsOf(world)).toEqual([]);
  });

  test.each([
    ['is pinned', (world: World) => world.store.pin(SOLO, world.clock.nowMs + 10 * HOUR)],
    [
      'was shown in the background',
      ({ store, clock }: World) => void store.stampBackground({ by: 'wake-9', stampMs: clock.nowMs }, SOLO),
    ],
  ])('the Service of a branch that somebody else deleted is left while it %s', async (_, act) => {
    const stage = await announced();
    const { world, steps } = stage;
    act(world);
    world.cluster.remove(REF);
    steps.pass(2 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'noted', note: 'expire' });
    expect(factsOf(world, 'service-removed')).toEqual([]);
  });

  test('the Service that a deletion left behind is no business of a blind sweep', async () => {
    const stage = await announced();
    const { world, steps } = stage;
    world.cluster.remove(REF);
    world.store.beat('proxy-1', false);
    steps.pass(4 * MINUTE);
    expect(await sweepOne(stage)).toEqual({ result: 'kept', reason: 'blind' });
    expect(factsOf(world, 'service-removed')).toEqual([]);
  });

  test('a tab on a sleeping branch does not announce its deletion at every sweep', async () => {
    const { world, steps } = await asleep({ mayDelete: true });
    const timeline = createTimeline(world, choicesFrom([]));
    world.namespace.annotate({ 'dormouse/delete-after': '30m' });
    steps.pass(HOUR);
    const tab = { branch: SOLO, instance: 'wake-1', how: 'polls', everyMs: MINUTE } as const;
    world.tabs.open({ ...tab, lastsMs: 10 * HOUR });
    for (let sweeps = 0; sweeps < 10; sweeps += 1) {
      await timeline.runUntil(world.clock.nowMs + 5 * MINUTE);
      world.sweep();
    }
    expect(factsOf(world, 'owner-told')).toEqual([]);
    expect(violationsOf(world)).toEqual([]);
  });
});
