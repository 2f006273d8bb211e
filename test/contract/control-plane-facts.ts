import { expect, test } from 'vitest';
import type { WorkloadRef } from '../../shared/core/workload.ts';
import { createQueue, queueAutoscaler, setQueue } from '../world/external-metric.ts';
import { type ClusterFixture, manifest, NAMESPACE, pathOf, until } from './cluster-fixture.ts';
import { ownersOf, readManagedFields } from './facts-contract.ts';

/** Facts of which the embedded Kubernetes knows nothing: server-side apply, and metrics. */
export function controlPlaneFacts(fixture: () => ClusterFixture): void {
  applyFacts(fixture);

  test('an autoscaler whose lower bound is 0 goes to 0 by itself, and comes back by itself', async () => {
    const name = 'queue-worker--g';
    await createQueue(fixture().admin, { namespace: NAMESPACE, workload: name, value: '0' });
    await fixture().create(`deployment/${name}`, { replicas: 2 });
    await fixture().admin.create(AUTOSCALERS, queueAutoscaler(name));
    const becomes = (replicas: number) =>
      until(`it has ${replicas}`, async () => {
        return (await fixture().read(`deployment/${name}`)).spec.replicas === replicas;
      });
    await becomes(0);
    expect((await fixture().full.listBounds()).get(`deployment/${name}`)).toEqual({ min: 0, max: 4 });
    await setQueue(fixture().admin, { namespace: NAMESPACE, workload: name, value: '15' });
    await becomes(2);
  });

  test('an autoscaler whose lower bound is 0 leaves it at 0 where somebody else scaled it there', async () => {
    const name = 'busy-worker--g';
    await createQueue(fixture().admin, { namespace: NAMESPACE, workload: name, value: '15' });
    await fixture().create(`deployment/${name}`, { replicas: 2 });
    await fixture().admin.create(AUTOSCALERS, queueAutoscaler(name));
    await saysSoon(fixture(), name, 'ValidMetricFound');
    await fixture().admin.patch(`${pathOf(`deployment/${name}`)}/scale`, { spec: { replicas: 0 } });
    await saysSoon(fixture(), name, 'ScalingDisabled');
    expect((await fixture().read(`deployment/${name}`)).spec.replicas).toBe(0);
  });
}

function applyFacts(fixture: () => ClusterFixture): void {
  const apply = async (ref: WorkloadRef, replicas: number) => {
    const path = `${pathOf(ref)}?fieldManager=argocd-controller`;
    const contentType = 'application/apply-patch+yaml';
    // Not empty: an empty map that is applied moves the time once more.
    const marks = { 'example.com/team': 'search' };
    const body = manifest(ref, { replicas, labels: marks, annotations: marks });
    return (await fixture().wire({ method: 'PATCH', path, body, contentType })).status;
  };

  test('an apply puts replicas back without a conflict once they were at 0, since nobody owns them', async () => {
    const ref: WorkloadRef = 'deployment/applied--g';
    expect(await apply(ref, 2)).toBe(201);
    await until('it is lowered', async () => {
      const version = (await fixture().full.readWorkload(ref))?.resourceVersion ?? '';
      return (await fixture().full.lower(ref, version)) === 'lowered';
    });
    expect(ownersOf(await readManagedFields(fixture(), ref), 'replicas')).toEqual([]);
    expect(await apply(ref, 2)).toBe(200);
    expect((await fixture().read(ref)).spec.replicas).toBe(2);
  });

  test('an apply that repeats what is there moves no edit, and one that puts replicas back does', async () => {
    const ref: WorkloadRef = 'deployment/reapplied--g';
    const editedAt = async () => (await fixture().full.readWorkload(ref))?.lastEditMs ?? 0;
    await apply(ref, 1);
    const before = await editedAt();
    await until('the next second', () => Date.now() > before + 1_100);
    await apply(ref, 1);
    expect(await editedAt()).toBe(before);
    await fixture().admin.patch(`${pathOf(ref)}/scale`, { spec: { replicas: 0 } });
    await apply(ref, 1);
    expect(await editedAt()).toBeGreaterThan(before);
  });

  test('what Argo CD applied is known to be tracked by it', async () => {
    const ref: WorkloadRef = 'statefulset/tracked-by-apply--g';
    await apply(ref, 1);
    expect(await fixture().full.readWorkload(ref)).toMatchObject({ trackedBy: 'Argo CD' });
  });
}

const AUTOSCALERS = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;

function saysSoon({ admin }: ClusterFixture, name: string, reason: string): Promise<void> {
  return until(`${name} says ${reason}`, async () => {
    const { status } = await admin.get<{ status: { conditions?: readonly { reason: string }[] } }>(
      `${AUTOSCALERS}/${name}`,
    );
    return status.conditions?.some((condition) => condition.reason === reason) ?? false;
  });
}
