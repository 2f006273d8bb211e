import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { eventually } from '../visits.ts';
import { type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
/** Longer than a branch is idle before it sleeps, and than a claim takes to settle. */
const PINNED_MS = 16_000;

describeWith(PARTS, 'a pin', () => {
  let world: PoliciesWorld;
  const name = 'pinned--g';

  beforeAll(async () => {
    world = await startPoliciesWorld(() => ({ startMs: 100 }));
  });
  afterAll(() => world?.stop());

  async function pin(): Promise<number> {
    const pinnedUntilMs = Date.now() + PINNED_MS;
    const write = async () => {
      const read = await world.store.readRecord(name);
      const version = read.outcome === 'found' ? read.version : '';
      return world.store.update(name, version, { pinnedUntilMs });
    };
    await eventually(write, ({ outcome }) => outcome === 'written');
    return pinnedUntilMs;
  }

  test('wakes a branch that sleeps, keeps it awake until then, and is no contest', async () => {
    const app = await world.begin(name, [{ replicas: 2 }]);
    await world.sweepUntilAsleep(app);
    const pinnedUntilMs = await pin();
    expect((await world.sweep()).summary).toMatchObject({ healed: 1, slept: 0 });
    expect(await world.replicasOf(app)).toEqual([2]);
    const { slept, reasons } = await world.sweepFor(pinnedUntilMs - Date.now() - 1_000);
    expect([slept, [...reasons]]).toEqual([0, expect.arrayContaining(['pinned'])]);
    const record = await world.recordOf(name);
    expect([record.asleepSinceMs, record.contested]).toEqual([undefined, undefined]);
    await world.sweepUntilAsleep(app);
    expect(Date.now()).toBeGreaterThan(pinnedUntilMs);
  });
});
