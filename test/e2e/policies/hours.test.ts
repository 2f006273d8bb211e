import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { eventually } from '../visits.ts';
import { NAMESPACE, type PoliciesWorld, SPEED, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
const MINUTE_MS = 60_000;
/** From the choice of the hours to the first sweep that heeds them: for another start of the sleep function. */
const PREPARATION_MS = 8_000;
/** What the configuration takes. */
const MAX_SWEEP_EVERY_MINUTES = 60;

describeWith(PARTS, 'a branch with hours in which it stays awake', () => {
  let world: PoliciesWorld;
  let apps: readonly string[];

  beforeAll(async () => {
    world = await startPoliciesWorld(() => ({ startMs: 100 }));
    apps = await Promise.all(['working--g', 'put-away--g'].map((name) => world.begin(name)));
    await world.sweep();
    await world.controlPlane.kubectl('-n', NAMESPACE, 'scale', apps[1] ?? '', '--replicas=0');
  });
  afterAll(() => world?.stop());

  const annotate = (setting: string) =>
    world.controlPlane.kubectl('annotate', 'namespace', NAMESPACE, '--overwrite', setting);

  /** The wall clock's minutes are whole, so the sweeps' distance is chosen for hours that open at the next one. */
  function nextHours(): { opensMs: number; sweepEveryMinutes: number } {
    const dueMs = Date.now() + PREPARATION_MS;
    const opensMs = Math.ceil((dueMs + 2_000) / MINUTE_MS) * MINUTE_MS;
    const untilOpenMinutes = ((opensMs - dueMs) * SPEED) / MINUTE_MS;
    const sweepEveryMinutes = Math.min(MAX_SWEEP_EVERY_MINUTES, Math.floor(untilOpenMinutes));
    return { opensMs, sweepEveryMinutes };
  }

  test('is woken by the last sweep before they open, and one that is off by hand is not', async () => {
    const [app = '', off = ''] = apps;
    await world.sweepUntilAsleep(app);
    const { opensMs, sweepEveryMinutes } = nextHours();
    await world.restartSleep({ DORMOUSE_SWEEP_EVERY_MINUTES: String(sweepEveryMinutes) });
    await annotate(`dormouse/keep-awake=Mon-Sun ${clock(opensMs)}-${clock(opensMs + 600_000)} UTC`);
    const dueMs = opensMs - (sweepEveryMinutes * MINUTE_MS) / SPEED;
    while (Date.now() < dueMs - 500) {
      expect((await world.sweep()).summary).toMatchObject({ healed: 0 });
      await delay(100);
    }
    await eventually(world.sweep, ({ summary }) => summary.healed === 1, 3_000);
    expect([Date.now() >= dueMs, Date.now() < opensMs]).toEqual([true, true]);
    expect(await world.replicasOf(app, off)).toEqual([1, 0]);
  });

  test('stays awake in them, and sleeps once they are gone', async () => {
    const [app = ''] = apps;
    const { slept, reasons } = await world.sweepFor(12_000);
    expect([slept, [...reasons]]).toEqual([0, expect.arrayContaining(['keep-awake-hours'])]);
    await annotate('dormouse/keep-awake-');
    await world.sweepUntilAsleep(app);
  });
});

/** `09:00`, in UTC. */
function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 16);
}
