import { describe, expect, test } from 'vitest';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import { aWorldAfter, HOUR, MINUTE, PAIR, SECOND, SOLO } from './a-world.ts';
import { letCalmCome } from './calm.ts';
import { violationsOf } from './invariants.ts';
import { createSteps, type Steps } from './steps.ts';
import type { World } from './world/world.ts';

type Stage = { readonly world: World; readonly steps: Steps };

async function idle(...branches: string[]): Promise<Stage> {
  const world = await aWorldAfter(1, branches);
  return { world, steps: createSteps(world) };
}

async function asleep(...branches: string[]): Promise<Stage> {
  const world = await aWorldAfter(2, branches);
  return { world, steps: createSteps(world) };
}

function replicas({ cluster }: World): Record<string, number> {
  const workloads = cluster.list().filter(({ name }) => name !== 'database');
  return Object.fromEntries(workloads.map((workload) => [workload.name, workload.replicas]));
}

const recordOf = ({ store }: World, branch: string): BranchRecord | undefined => store.records().get(branch);
const isClaimed = (world: World, branch: string) => recordOf(world, branch)?.asleepSinceMs !== undefined;
const PAIR_UP = { [PAIR]: 1, 'pair-worker': 3, 'pair-batch': 0 };
const PAIR_ASLEEP = { [PAIR]: 0, 'pair-worker': 0, 'pair-batch': 0 };
const WORKER = 'deployment/pair-worker';

async function expectNoViolation(world: World): Promise<void> {
  await letCalmCome(world);
  expect(violationsOf(world)).toEqual([]);
}

describe('traces that broke an earlier protocol', () => {
  test('a sweep leaves its claim when a scale to 0 took effect and its answer was lost', async () => {
    const { world, steps } = await idle(SOLO);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'lower');
    await steps.loseAnswer(sweep.name, 'lower');
    await steps.finish(sweep.name);
    expect(sweep.swept[0]?.result).toMatchObject({ result: 'undone', reason: 'scaling-failed' });
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
    expect(isClaimed(world, SOLO)).toBe(true);
    await expectNoViolation(world);
  });

  test('a visitor is healed when a scale to 0 takes effect after the sweep took it back', async () => {
    const { world, steps } = await idle(SOLO);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'lower');
    await steps.giveUp(sweep.name, 'lower');
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    await steps.finish(sweep.name);
    await steps.arriveLate(sweep.name, 'lower');
    expect(replicas(world)).toEqual({ [SOLO]: 0 });
    await steps.sweep();
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
    await expectNoViolation(world);
  });

  test('a branch is healed whole when a visit woke it between two scales of a sweep that died', async () => {
    const { world, steps } = await idle(PAIR);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'lower');
    await steps.arrive(sweep.name, 'lower', `deployment/${PAIR}`);
    world.visit('wake-1', PAIR);
    await steps.finish('wake-1');
    world.crash(sweep.name);
    await steps.arriveLate(sweep.name, 'lower', WORKER);
    expect(replicas(world)).toEqual({ ...PAIR_UP, 'pair-worker': 0 });
    expect(isClaimed(world, PAIR)).toBe(true);
    await steps.sweep();
    expect(replicas(world)).toEqual(PAIR_UP);
    await expectNoViolation(world);
  });

  test('a sweep with a list from the past does not end the claim of a branch that is half awake', async () => {
    const { world, steps } = await asleep(PAIR);
    world.visit('wake-1', PAIR);
    await steps.until('wake-1', 'raise');
    await steps.lose('wake-1', 'raise', WORKER);
    await steps.finish('wake-1');
    steps.pass(3 * MINUTE);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'listWorkloads');
    const beforeSleepMs = world.clock.nowMs - 14 * MINUTE - 1;
    await steps.arriveUnder({ listedAtMs: beforeSleepMs }, sweep.name, 'listWorkloads');
    await steps.finish(sweep.name);
    expect(sweep.swept[0]?.result.result).toBe('waking');
    expect(isClaimed(world, PAIR)).toBe(true);
    await steps.sweep();
    expect(replicas(world)).toEqual(PAIR_UP);
    await expectNoViolation(world);
  });

  test('a second sweep that saw the branch above 0 leaves a young claim to the sweep that is at it', async () => {
    const { world, steps } = await idle(SOLO);
    const [first, second] = [world.sweep(), world.sweep()];
    await steps.until(first.name, 'lower');
    await steps.finish(second.name);
    expect(second.swept[0]?.result).toEqual({ result: 'kept', reason: 'claim-settling' });
    await steps.arrive(first.name, 'lower');
    world.visit('wake-1', SOLO);
    await steps.until('wake-1', 'readRecord');
    await steps.finish(first.name);
    expect(first.swept[0]?.result).toEqual({ result: 'undone', reason: 'visited-meanwhile' });
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
    await expectNoViolation(world);
  });

  test('a companion that a person keeps at 0 stays there when its branch is woken', async () => {
    const { world, steps } = await asleep(PAIR);
    expect(replicas(world)).toEqual(PAIR_ASLEEP);
    world.visit('wake-1', PAIR);
    await steps.finish('wake-1');
    steps.pass(3 * MINUTE);
    await steps.sweep();
    expect(replicas(world)).toEqual(PAIR_UP);
    expect(isClaimed(world, PAIR)).toBe(false);
    await expectNoViolation(world);
  });

  test('a wake of our own is not counted as contested', async () => {
    const { world, steps } = await asleep(SOLO);
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    steps.pass(3 * MINUTE);
    const sweep = await steps.sweep();
    expect(sweep.swept[0]?.result).toEqual({ result: 'settled', end: 'visited' });
    expect(recordOf(world, SOLO)).not.toHaveProperty('contested');
    await expectNoViolation(world);
  });

  test('a visit that is stamped before a claim and written after it is healed', async () => {
    const { world, steps } = await idle(SOLO);
    const stampedAtMs = world.clock.nowMs - SECOND;
    await steps.sweep();
    world.visit('wake-1', SOLO);
    await steps.until('wake-1', 'stampVisit');
    await steps.arriveUnder({ stampedAtMs }, 'wake-1', 'stampVisit');
    world.crash('wake-1');
    const { lastAccessMs = 0, asleepSinceMs = 0 } = recordOf(world, SOLO) ?? {};
    expect(lastAccessMs).toBeLessThan(asleepSinceMs);
    const sweep = await steps.sweep();
    expect(sweep.swept[0]?.result.result).toBe('healed');
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
    await expectNoViolation(world);
  });
});

const SWEEP_CALLS = [
  'readHeartbeats',
  'listWorkloads',
  'readAll',
  'readBranch',
  'update',
  'lower',
  'readRecord',
];

describe('sweeps', () => {
  test('two sweeps at once put a branch to sleep once', async () => {
    const { world, steps } = await idle(PAIR);
    const [first, second] = [world.sweep(), world.sweep()];
    await steps.until(first.name, 'update');
    await steps.until(second.name, 'update');
    await steps.finish(second.name);
    await steps.finish(first.name);
    expect(second.swept[0]?.result.result).toBe('slept');
    expect(first.swept[0]?.result).toEqual({ result: 'kept', reason: 'changed-meanwhile' });
    expect(replicas(world)).toEqual(PAIR_ASLEEP);
    await expectNoViolation(world);
  });

  test.each(SWEEP_CALLS)('a visit before %s takes effect leaves the branch awake', async (call) => {
    const { world, steps } = await idle(PAIR);
    const sweep = world.sweep();
    await steps.until(sweep.name, call);
    world.visit('wake-1', PAIR);
    await steps.finish('wake-1');
    await steps.finish(sweep.name);
    expect(replicas(world)).toEqual(PAIR_UP);
    await expectNoViolation(world);
  });

  test.each(SWEEP_CALLS)('a visit before %s is answered leaves the branch awake', async (call) => {
    const { world, steps } = await idle(PAIR);
    const sweep = world.sweep();
    await steps.until(sweep.name, call);
    await steps.arrive(sweep.name, call);
    world.visit('wake-1', PAIR);
    await steps.finish('wake-1');
    await steps.finish(sweep.name);
    expect(replicas(world)).toEqual(PAIR_UP);
    await expectNoViolation(world);
  });

  test.each(SWEEP_CALLS)('a sweep that died once %s took effect hides no visitor', async (call) => {
    const { world, steps } = await idle(PAIR);
    const sweep = world.sweep();
    await steps.until(sweep.name, call);
    await steps.arrive(sweep.name, call);
    world.visit('wake-1', PAIR);
    await steps.until('wake-1', 'readRecord');
    world.crash('wake-1');
    world.crash(sweep.name);
    await steps.sweep();
    expect(replicas(world)).toEqual(PAIR_UP);
    await expectNoViolation(world);
  });

  test.each(SWEEP_CALLS)('a sweep that died before %s arrived hides no visitor', async (call) => {
    const { world, steps } = await idle(PAIR);
    const sweep = world.sweep();
    await steps.until(sweep.name, call);
    world.visit('wake-1', PAIR);
    await steps.finish('wake-1');
    world.crash(sweep.name);
    await steps.arriveLate(sweep.name, call);
    await steps.sweep();
    expect(replicas(world)).toEqual(PAIR_UP);
    await expectNoViolation(world);
  });

  test('a sweep that was frozen for three minutes after its claim wakes what it lowers', async () => {
    const { world, steps } = await idle(SOLO);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'update');
    await steps.arrive(sweep.name, 'update');
    steps.pass(3 * MINUTE);
    await steps.finish(sweep.name);
    expect(sweep.swept[0]?.result).toMatchObject({ result: 'undone', reason: 'claim-deadline' });
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
  });

  test('a branch that is deployed between the second look and the scale to 0 stays awake', async () => {
    const { world, steps } = await idle(SOLO);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'lower');
    world.cluster.apply({ kind: 'deployment', name: SOLO, replicas: 3 });
    await steps.finish(sweep.name);
    expect(sweep.swept[0]?.result).toEqual({ result: 'undone', reason: 'conflict' });
    expect(replicas(world)).toEqual({ [SOLO]: 3 });
    await expectNoViolation(world);
  });

  test('a sweep forgets no sleeping branch that its list does not show', async () => {
    const { world, steps } = await asleep(SOLO);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'listWorkloads');
    await steps.arriveUnder({ listedAtMs: 0 }, sweep.name, 'listWorkloads');
    await steps.finish(sweep.name);
    expect(sweep.swept[0]?.result).toEqual({ result: 'kept', reason: 'changed-meanwhile' });
    expect(isClaimed(world, SOLO)).toBe(true);
    await expectNoViolation(world);
  });
});

describe('people', () => {
  test('a branch that a person scaled to 0 is left alone, and scaled to 1 counts as visited', async () => {
    const { world, steps } = await idle(SOLO);
    world.cluster.scale(`deployment/${SOLO}`, 0);
    await steps.sweep();
    steps.pass(HOUR);
    await steps.sweep();
    expect(replicas(world)).toEqual({ [SOLO]: 0 });
    world.cluster.scale(`deployment/${SOLO}`, 1);
    await steps.sweep();
    expect(recordOf(world, SOLO)).toEqual({ lastAccessMs: world.clock.nowMs, wakeMs: [] });
    await expectNoViolation(world);
  });

  test('a branch that a person scales to 0 while a sweep ends its claim is left alone', async () => {
    const { world, steps } = await asleep(SOLO);
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    steps.pass(3 * MINUTE);
    const ending = world.sweep();
    await steps.until(ending.name, 'update');
    world.cluster.scale(`deployment/${SOLO}`, 0);
    const later = world.sweep();
    await steps.until(later.name, 'readAll');
    await steps.finish(ending.name);
    await steps.finish(later.name);
    expect(later.swept[0]?.result).toEqual({ result: 'noted', note: 'note-off' });
    expect(replicas(world)).toEqual({ [SOLO]: 0 });
    await expectNoViolation(world);
  });

  test('a branch that a person puts back three times is left awake for a day', async () => {
    const { world, steps } = await idle(SOLO);
    for (let time = 1; time <= 3; time += 1) {
      await steps.sweep();
      expect(replicas(world)).toEqual({ [SOLO]: 0 });
      world.cluster.scale(`deployment/${SOLO}`, 2);
      steps.pass(3 * MINUTE);
      const sweep = await steps.sweep();
      expect(sweep.swept[0]?.result).toEqual({ result: 'settled', end: 'put-back', contested: time });
      steps.pass(11 * MINUTE);
    }
    expect((await steps.sweep()).swept[0]?.result).toEqual({ result: 'kept', reason: 'contested' });
    steps.pass(24 * HOUR);
    expect((await steps.sweep()).swept[0]?.result.result).toBe('slept');
  });

  test('a visit ends the rest of a contested branch', async () => {
    const { world, steps } = await idle(SOLO);
    const version = world.store.readAll().records.get(SOLO)?.version ?? '';
    const writer = { by: 'people', stampMs: world.clock.nowMs - 11 * MINUTE } as const;
    world.store.update(writer, { branch: SOLO, version, change: { contested: 3 } });
    expect((await steps.sweep()).swept[0]?.result).toEqual({ result: 'kept', reason: 'contested' });
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    steps.pass(11 * MINUTE);
    expect((await steps.sweep()).swept[0]?.result.result).toBe('slept');
  });

  test('a branch that is made again under its name inherits nothing from the one that slept', async () => {
    const { world, steps } = await asleep(SOLO);
    world.cluster.remove(`deployment/${SOLO}`);
    expect((await steps.sweep()).swept[0]?.result).toEqual({ result: 'noted', note: 'expire' });
    world.cluster.apply({ kind: 'deployment', name: SOLO, replicas: 3 });
    world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    expect(recordOf(world, SOLO)).toEqual({ lastAccessMs: world.clock.nowMs, wakeMs: [] });
    expect(replicas(world)).toEqual({ [SOLO]: 3 });
    await expectNoViolation(world);
  });

  test('a visit of a branch whose record was deleted makes another and wakes it', async () => {
    const { world, steps } = await asleep(SOLO);
    world.cluster.remove(`deployment/${SOLO}`);
    await steps.sweep();
    steps.pass(3 * MINUTE);
    world.store.expire();
    world.cluster.apply({ kind: 'deployment', name: SOLO, replicas: 0 });
    const visit = world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    expect(visit.result).toMatchObject({ outcome: 'woken', stamp: { stamp: 'written' } });
    expect(replicas(world)).toEqual({ [SOLO]: 1 });
    await expectNoViolation(world);
  });

  test('a deploy that puts replicas back counts as no contest', async () => {
    const { world, steps } = await asleep(SOLO);
    world.cluster.apply({ kind: 'deployment', name: SOLO, replicas: 5, isNewTemplate: true });
    const sweep = await steps.sweep();
    expect(sweep.swept[0]?.result).toEqual({ result: 'settled', end: 'deployed' });
    expect(replicas(world)).toEqual({ [SOLO]: 5 });
    await expectNoViolation(world);
  });
});

describe('outages', () => {
  test('a sweep keeps everything when no heartbeat came for more than three minutes', async () => {
    const { world, steps } = await idle(SOLO);
    world.store.beat('proxy-1', false);
    steps.pass(3 * MINUTE + 1);
    const sweep = await steps.sweep();
    expect(sweep.swept[0]?.result).toEqual({ result: 'kept', reason: 'blind' });
    expect(sweep.result?.blind).toMatchObject({ reason: 'no-heartbeat' });
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
  });

  test('a sweep looks for heartbeats again before its second batch', async () => {
    const world = await aWorldAfter(1, [PAIR, SOLO], { batchSize: 1 });
    const steps = createSteps(world);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'lower');
    world.store.beat('proxy-1', false);
    steps.pass(4 * MINUTE);
    await steps.finish(sweep.name);
    expect(sweep.swept.map(({ result }) => result)).toMatchObject([
      { result: 'undone' },
      { reason: 'blind' },
    ]);
    expect(replicas(world)).toEqual({ ...PAIR_UP, [SOLO]: 2 });
  });

  test('a sweep ends without a decision when the records cannot be read', async () => {
    const { world, steps } = await idle(SOLO);
    const sweep = world.sweep();
    await steps.until(sweep.name, 'readAll');
    await steps.lose(sweep.name, 'readAll');
    await steps.finish(sweep.name);
    expect(sweep.problem).toContain('readAll');
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
    await expectNoViolation(world);
  });

  test('a visit wakes a branch while the store is down, to the annotation or 1', async () => {
    const { world, steps } = await asleep(SOLO);
    const visit = world.visit('wake-1', SOLO);
    await steps.until('wake-1', 'stampVisit');
    await steps.lose('wake-1', 'stampVisit');
    await steps.lose('wake-1', 'readRecord');
    await steps.finish('wake-1');
    expect(visit.result).toMatchObject({ outcome: 'woken', stamp: { stamp: 'failed' } });
    expect(replicas(world)).toEqual({ [SOLO]: 1 });
    await expectNoViolation(world);
  });

  test('a visit that could not be written is not cached: the next one looks again', async () => {
    const { world, steps } = await idle(SOLO);
    world.visit('wake-1', SOLO);
    await steps.until('wake-1', 'stampVisit');
    await steps.lose('wake-1', 'stampVisit');
    await steps.finish('wake-1');
    await steps.sweep();
    expect(replicas(world)).toEqual({ [SOLO]: 0 });
    const visit = world.visit('wake-1', SOLO);
    await steps.finish('wake-1');
    expect(visit.result).toMatchObject({ outcome: 'woken' });
    expect(replicas(world)).toEqual({ [SOLO]: 2 });
    await expectNoViolation(world);
  });
});
