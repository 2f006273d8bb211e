import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { eventually } from '../visits.ts';
import { IDLE_MS, NAMESPACE, type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;

describeWith(PARTS, 'a namespace with an annotation that cannot be read', () => {
  let world: PoliciesWorld;
  let apps: readonly string[];
  const names = ['first--g', 'second--g'];

  beforeAll(async () => {
    world = await startPoliciesWorld(() => ({ startMs: 100 }));
    await annotate('dormouse/idle-after=soon');
    apps = await Promise.all(names.map((name) => world.begin(name)));
  });
  afterAll(() => world?.stop());

  const annotate = (setting: string) =>
    world.controlPlane.kubectl('annotate', 'namespace', NAMESPACE, '--overwrite', setting);

  test('keeps every branch awake and says so, in the summary and by one Event of each', async () => {
    expect(await world.sweepFor(2 * IDLE_MS)).toMatchObject({ slept: 0 });
    const { status, summary } = await world.sweep();
    expect([status, summary.kept]).toEqual([200, { 'bad-annotation': 2 }]);
    expect(summary.problems.map(({ branch }) => branch)).toEqual(names);
    const told = await world.eventsOf('BadAnnotation');
    expect(told.map(({ involvedObject: { name } }) => name).sort()).toEqual(names);
    for (const { message } of told) expect(message).toContain('dormouse/idle-after is "soon"');
    await world.sweepFor(2_000);
    expect(await world.eventsOf('BadAnnotation')).toEqual(told);
  });

  test('lets them sleep as soon as it is right', async () => {
    await annotate('dormouse/idle-after=5m');
    await eventually(
      async () => (await world.sweep()).summary.slept,
      (slept) => slept > 0,
      2_000,
    );
    await world.sweepUntilAsleep(...apps);
  });
});
