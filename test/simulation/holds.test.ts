import { describe, expect, test } from 'vitest';
import { aWorldAfter, MINUTE, SECOND, SOLO } from './a-world.ts';
import { factsOf } from './history.ts';
import { violationsOf } from './invariants.ts';
import { choicesFrom } from './world/choices.ts';
import type { FactOf, Mode } from './world/fact.ts';
import type { Asked } from './world/proxy.ts';
import { createTimeline, type Timeline } from './world/timeline.ts';
import type { World } from './world/world.ts';

type Stage = { readonly world: World; readonly timeline: Timeline };

/** A sleeping branch, and a network that is quick and true. */
async function asleep(mode: Mode = 'on'): Promise<Stage> {
  const world = await aWorldAfter(2, [SOLO]);
  const timeline = createTimeline(world, choicesFrom([]));
  if (mode !== 'on') world.setMode(mode);
  return { world, timeline };
}

function ask({ world }: Stage, asked: Partial<Asked> = {}): void {
  world.request({ branch: SOLO, instance: 'wake-1', isNavigation: false, ...asked });
}

const pass = ({ world, timeline }: Stage, ms: number) => timeline.runUntil(world.clock.nowMs + ms);
const startLike = ({ world }: Stage, readyAfterMs: number, listensAfterMs = 0) =>
  world.pods.startLike(SOLO, { readyAfterMs, listensAfterMs });

type Kind = 'hold-ended' | 'request-ended' | 'serving';
const last = <Of extends Kind>({ world }: Stage, kind: Of): FactOf<Of> | undefined =>
  factsOf(world, kind).at(-1);
const reasonsOf = ({ world }: Stage) =>
  factsOf(world, 'hold-ended').map(({ outcome }) => ('reason' in outcome ? outcome.reason : outcome.answer));

/** How long after the branch began to serve the request was. */
const lateMs = (stage: Stage) =>
  (last(stage, 'request-ended')?.atMs ?? Number.POSITIVE_INFINITY) - (last(stage, 'serving')?.atMs ?? 0);

describe('held requests', () => {
  test('a request is served as soon as the pods of its branch serve', async () => {
    const stage = await asleep();
    startLike(stage, 8 * SECOND);
    ask(stage);
    await pass(stage, 20 * SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
    expect(lateMs(stage)).toBeLessThanOrEqual(50);
    expect(violationsOf(stage.world)).toEqual([]);
  });

  test('a request is served when its watch is cut as the pods begin to serve', async () => {
    const stage = await asleep();
    startLike(stage, 8 * SECOND);
    ask(stage);
    await pass(stage, 5 * SECOND);
    const [watch] = stage.world.watches.list();
    if (watch === undefined) throw new Error('nobody watches');
    stage.world.watches.cut(watch);
    await pass(stage, 10 * SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
    expect(lateMs(stage)).toBeLessThanOrEqual(50);
  });

  test('a request is served within two seconds when its watch has fallen silent', async () => {
    const stage = await asleep();
    startLike(stage, 8 * SECOND);
    ask(stage);
    await pass(stage, 5 * SECOND);
    for (const watch of stage.world.watches.list()) watch.isSilent = true;
    await pass(stage, 10 * SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
    expect(lateMs(stage)).toBeLessThanOrEqual(2_100);
  });

  test('a request is tried again until its pods listen', async () => {
    const stage = await asleep();
    startLike(stage, SECOND, 6 * SECOND);
    ask(stage);
    await pass(stage, 20 * SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
    expect(reasonsOf(stage).length).toBeGreaterThan(3);
    expect(violationsOf(stage.world)).toEqual([]);
  });

  test('a request is answered at its limit when the pods take longer, and a person at 1.5 s', async () => {
    const stage = await asleep();
    startLike(stage, MINUTE);
    ask(stage);
    ask(stage, { isNavigation: true });
    const beganMs = stage.world.clock.nowMs;
    await pass(stage, MINUTE);
    const ends = factsOf(stage.world, 'request-ended').map(({ end, atMs }) => [end, atMs - beganMs]);
    expect(ends).toEqual([
      ['page', 1_500],
      ['page', 25_000],
    ]);
  });

  test('a request is told at once that its branch cannot start, and the branch serves once it can', async () => {
    const stage = await asleep();
    startLike(stage, Number.POSITIVE_INFINITY);
    ask(stage);
    await pass(stage, 5 * SECOND);
    expect(reasonsOf(stage)).toEqual(['hopeless']);
    startLike(stage, SECOND);
    await pass(stage, 2 * SECOND);
    ask(stage);
    await pass(stage, SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
  });

  test.each(['crash', 'drain'] as const)(
    'a request goes on at another instance when its own ends: %s',
    async (end) => {
      const stage = await asleep();
      startLike(stage, 8 * SECOND);
      ask(stage);
      await pass(stage, 3 * SECOND);
      stage.world[end]('wake-1');
      await pass(stage, 10 * SECOND);
      expect(last(stage, 'request-ended')?.end).toBe('served');
      expect(lateMs(stage)).toBeLessThanOrEqual(300);
    },
  );

  test('a request waits on while Kubernetes is down, and is served when it is back', async () => {
    const stage = await asleep();
    stage.timeline.weather.downUntilMs.cluster = stage.world.clock.nowMs + 10 * SECOND;
    ask(stage);
    await pass(stage, 25 * SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
    expect(violationsOf(stage.world)).toEqual([]);
  });

  test('a request wakes its branch anew when it is put to sleep while somebody waits', async () => {
    const stage = await asleep();
    startLike(stage, 8 * SECOND);
    ask(stage);
    await pass(stage, 3 * SECOND);
    stage.world.cluster.scale(`deployment/${SOLO}`, 0);
    await pass(stage, 15 * SECOND);
    expect(last(stage, 'request-ended')?.end).toBe('served');
  });
});

describe('modes', () => {
  test('a dry run tells who comes that it wakes nothing, and changes nothing', async () => {
    const stage = await asleep('dry-run');
    ask(stage);
    await pass(stage, SECOND);
    stage.world.sweep();
    await pass(stage, SECOND);
    expect(reasonsOf(stage)).toEqual(['dry-run']);
    expect(stage.world.cluster.read(`deployment/${SOLO}`)?.replicas).toBe(0);
    expect(violationsOf(stage.world)).toEqual([]);
  });

  test('a sweep with the mode off wakes what sleeps, and puts nothing to sleep for hours', async () => {
    const stage = await asleep('off');
    for (let hour = 0; hour < 3; hour += 1) {
      stage.world.sweep();
      await pass(stage, 60 * MINUTE);
    }
    expect(stage.world.cluster.read(`deployment/${SOLO}`)?.replicas).toBe(2);
    expect(violationsOf(stage.world)).toEqual([]);
  });

  test('a sweep after a dry run wakes who was visited meanwhile', async () => {
    const stage = await asleep('dry-run');
    ask(stage);
    await pass(stage, SECOND);
    stage.world.setMode('on');
    stage.world.sweep();
    await pass(stage, SECOND);
    expect(stage.world.cluster.read(`deployment/${SOLO}`)?.replicas).toBe(2);
    expect(violationsOf(stage.world)).toEqual([]);
  });
});
