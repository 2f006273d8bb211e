import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith, partPath } from '../../parts/part.ts';
import type { LinkEffect } from '../../world/faulty-link/link-fault.ts';
import { type FirestoreEmulator, startFirestoreEmulator } from '../../world/firestore-emulator.ts';
import type { Branch } from '../hold/hold-world.ts';
import { eventually } from '../visits.ts';
import {
  expectHarmless,
  expectServed,
  type FaultsWorld,
  isWell,
  PATIENCE_MS,
  replicasOf,
  startFaultsWorld,
  WARM,
} from './faults-world.ts';

/** Counts that need no store. */
const ANNOTATED = { 'dormouse/replicas': '2' };

const OUTAGES: Readonly<Record<string, LinkEffect>> = {
  reset: { cut: 'before' },
  'without any answer': { silent: 'before' },
  'done, and its answers lost': { cut: 'after' },
  'refused with 429 and Retry-After': { status: 429, retryAfterSeconds: 5 },
  'refused with 503': { status: 503 },
};

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'while the store fails', () => {
  let world: FaultsWorld;
  let secondEmulator: FirestoreEmulator | undefined;
  let asleep: readonly Branch[];
  let idle: readonly Branch[];
  let pidsBefore: readonly unknown[];

  beforeAll(async () => {
    world = await startFaultsWorld();
    const outages = Object.keys(OUTAGES).map((_, index) => `outage-${index}--g`);
    const names = [...outages, 'slow--g', 'forgotten-1--g', 'forgotten-2--g'];
    asleep = await world.createAwake(names, ANNOTATED);
    await world.sweepUntil(async () => (await replicasOf(asleep)).every((count) => count === 0));
    idle = await world.createAwake(['idle-1--g', 'idle-2--g']);
    await world.untilIdle(idle);
    pidsBefore = pids();
  });
  afterEach(() => world.store.clear());
  afterAll(async () => {
    await world?.warm.stop();
    await world?.stop();
    await secondEmulator?.stop();
  });

  const pids = () => [world.processOf('wake')?.pid, world.processOf('sleep')?.pid];
  const pick = (prefix: string) => asleep.filter(({ name }) => name.startsWith(prefix));

  /** Visits are recorded again: those of the warm branch come four times a second. */
  async function untilVisitsArrive(): Promise<void> {
    const from = world.logged('touch').length;
    const isWritten = (entry: Readonly<Record<string, unknown>>) =>
      entry.branch === WARM && JSON.stringify(entry.stamp) === '{"stamp":"written"}';
    await eventually(
      () => world.logged('touch').slice(from).some(isWritten),
      (isSo) => isSo,
      PATIENCE_MS,
    );
  }

  test('every branch wakes for its visitor, and no sweep puts anything to sleep, however it fails', async () => {
    const branches = pick('outage-');
    let last = world.store.add({ effect: { cut: 'before' } });
    world.store.cut();
    const sweeping = world.sweep();
    for (const [index, [name, effect]] of Object.entries(OUTAGES).entries()) {
      const next = world.store.add({ effect });
      last.remove(); // not a moment without an outage
      last = next;
      await expectServed(world, branches.slice(index, index + 1));
      expect(next.met(), name).toBeGreaterThan(0);
    }
    expect((await sweeping).status).toBe(500);
    expect(await replicasOf([...branches, ...idle])).toEqual([...branches, ...idle].map(() => 2));
    last.remove();
    await untilVisitsArrive();
    await eventually(
      () => world.sweep('?dryRun=true'),
      ({ status }) => status === 200,
      PATIENCE_MS,
    );
  });

  test('a claim whose answer is lost scales nothing down', async () => {
    world.store.add({ matches: ({ url }) => url.endsWith(':commit'), effect: { cut: 'after' } });
    await world.sweepUntil(({ failed }) => failed >= idle.length);
    expect(await replicasOf(idle)).toEqual([2, 2]);
  });

  test('a visitor is served, and not put to sleep by the next sweep, at 1.5 s an answer', async () => {
    world.store.add({ effect: { delayMs: 1_500 } });
    await expectServed(world, pick('slow'));
    await world.sweep();
    expect(await replicasOf(pick('slow'))).toEqual([2]);
  });

  test('a store that forgets everything costs no visitor, and puts nothing to sleep', async () => {
    const up = [...pick('outage-'), ...pick('slow')];
    const counts = await replicasOf(up);
    await world.firestore.stop();
    secondEmulator = await startFirestoreEmulator({ gcloud: partPath('firestore-emulator') });
    world.store.retarget({ url: `http://${secondEmulator.host}` });
    const [visited, left] = pick('forgotten-') as [Branch, Branch];
    await expectServed(world, [visited]);
    await world.sweepUntil(isWell);
    await world.sweepUntil(({ kept }) => (kept['scaled-to-zero-by-hand'] ?? 0) >= 1);
    expect(await replicasOf([visited, left, ...up])).toEqual([2, 0, ...counts]);
    await expectServed(world, [left]);
    expect(await left.replicas()).toBe(2);
  });

  test('all that is idle sleeps once it is over, and no function was restarted', async () => {
    await world.sweepUntil(async () =>
      (await replicasOf([...asleep, ...idle])).every((count) => count === 0),
    );
    expect(pids()).toEqual(pidsBefore);
  });

  test('it costs no visitor of another branch anything, and nothing was changed but replicas', () =>
    expectHarmless(world));
});
