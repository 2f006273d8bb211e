import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRealKubectl, type Kubectl } from '../../contract/kubectl.ts';
import { describeWith } from '../../parts/part.ts';
import { serviceManifest, workloadManifest } from '../../world/branch-manifests.ts';
import { eventually, visit } from '../visits.ts';
import { NAMESPACE, type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
const TIMEOUT_MS = 120_000;

describeWith(PARTS, 'branches whose replicas somebody else puts back', () => {
  let world: PoliciesWorld;
  let kubectl: Kubectl;
  const fought = 'fought-for--g';
  const deployed = 'deployed--g';
  const apps = [`deployment/${fought}`, `deployment/${deployed}`];

  beforeAll(async () => {
    world = await startPoliciesWorld(() => ({ startMs: 100 }));
    kubectl = createRealKubectl(world.controlPlane, NAMESPACE);
    for (const name of [fought, deployed]) {
      await kubectl.apply(JSON.stringify(serviceManifest({ namespace: NAMESPACE, name })));
      await apply(name);
      await eventually(
        () => visit(world.proxy.port, name),
        ({ status }) => status === 200,
      );
    }
  });
  afterAll(() => world?.stop());

  /** JSON is YAML. The manifest has replicas, as it must not have. A round that is named is a template's change. */
  function apply(name: string, round = 0): Promise<void> {
    const manifest = workloadManifest({ namespace: NAMESPACE, name }, { replicas: 1 });
    const { spec } = manifest;
    const metadata = { ...spec.template.metadata, annotations: { round: String(round) } };
    const template = { ...spec.template, metadata };
    return kubectl.apply(JSON.stringify({ ...manifest, spec: { ...spec, template } }));
  }

  /** How often in a row, as far as their records know by then. */
  async function putBack(round: number): Promise<readonly (number | undefined)[]> {
    await world.sweepUntilAsleep(...apps);
    await Promise.all([apply(fought), apply(deployed, round)]);
    const records = async () => {
      await world.sweep();
      return Promise.all([fought, deployed].map(world.recordOf));
    };
    const settled = await eventually(records, (all) =>
      all.every(({ asleepSinceMs }) => asleepSinceMs === undefined),
    );
    return settled.map(({ contested }) => contested);
  }

  test('are given up for a day the third time in a row, unless they were deployed in between', {
    timeout: TIMEOUT_MS,
  }, async () => {
    expect(await putBack(0)).toEqual([1, 1]);
    expect(await putBack(0)).toEqual([2, 2]);
    expect(await putBack(1)).toEqual([3, undefined]);
    await world.sweepUntilAsleep(`deployment/${deployed}`);
    const { summary } = await world.sweep();
    expect(summary).toMatchObject({ slept: 0, kept: { contested: 1, asleep: 1 } });
    expect(await world.replicasOf(...apps)).toEqual([1, 0]);
  });

  test('have owners, who are told by an Event', async () => {
    const told = await world.eventsOf('Contested');
    expect(told.map(({ involvedObject: { name } }) => name)).toEqual([fought]);
    expect(told[0]?.message).toContain('leaves this branch awake for a day');
  });
});
