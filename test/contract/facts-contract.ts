import { describe, expect, test } from 'vitest';
import type { WorkloadRef } from '../../shared/core/workload.ts';
import { type ClusterFixture, NAMESPACE, pathOf, until } from './cluster-fixture.ts';

/** What Kubernetes does that the policies rely on: facts, of which none is Dormouse's doing. */
export function factsContract(fixture: () => ClusterFixture): void {
  describe('an autoscaler', () => autoscalerFacts(fixture));
  describe('managedFields', () => managedFieldsFacts(fixture));
  describe('the progress of a Deployment', () => progressFacts(fixture));
}

const AUTOSCALERS = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;

type AutoscalerJson = {
  readonly status: { readonly conditions?: readonly { readonly reason: string }[] };
};

function autoscalerFacts(fixture: () => ClusterFixture): void {
  const saysSoon = (name: string, reason: string) =>
    until(`${name} says ${reason}`, async () => {
      const { status } = await fixture().admin.get<AutoscalerJson>(`${AUTOSCALERS}/${name}`);
      return status.conditions?.some((condition) => condition.reason === reason) ?? false;
    });
  const becomesSoon = (ref: WorkloadRef, replicas: number) =>
    until(`${ref} has ${replicas}`, async () => (await fixture().read(ref)).spec.replicas === replicas);
  const autoscaled = async (name: string) => {
    await fixture().create(`deployment/${name}`, { replicas: 0 });
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
    const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 4 };
    await fixture().admin.create(AUTOSCALERS, { metadata: { name }, spec });
    await saysSoon(name, 'ScalingDisabled');
  };

  test('leaves a workload at 0 that somebody scaled there, whatever its lower bound', async () => {
    await autoscaled('scaled-off--g');
    expect(await fixture().full.readWorkload('deployment/scaled-off--g')).toMatchObject({ replicas: 0 });
  });

  test('brings a workload that was woken below its lower bound up to it', async () => {
    await autoscaled('scaled-low--g');
    await fixture().light.raise('deployment/scaled-low--g', 1);
    await becomesSoon('deployment/scaled-low--g', 2);
  });

  test('leaves a workload where it was woken between its bounds, and brings one above them down', async () => {
    await autoscaled('scaled-between--g');
    await fixture().light.raise('deployment/scaled-between--g', 3);
    await saysSoon('scaled-between--g', 'FailedGetResourceMetric');
    expect((await fixture().read('deployment/scaled-between--g')).spec.replicas).toBe(3);
    await autoscaled('scaled-high--g');
    await fixture().light.raise('deployment/scaled-high--g', 7);
    await becomesSoon('deployment/scaled-high--g', 4);
  });
}

type Entry = {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1: Readonly<Record<string, Readonly<Record<string, object>>>>;
};

/** Who owns one field of the spec, without the subresource that wrote it. */
export function ownersOf(entries: readonly Entry[], field: string): readonly Entry[] {
  return entries.filter(({ fieldsV1 }) => fieldsV1['f:spec']?.[`f:${field}`] !== undefined);
}

export async function readManagedFields(
  fixture: ClusterFixture,
  ref: WorkloadRef,
): Promise<readonly Entry[]> {
  return (await fixture.read(ref)).metadata.managedFields as readonly Entry[];
}

function managedFieldsFacts(fixture: () => ClusterFixture): void {
  const sleepsAndWakes = async (ref: WorkloadRef) => {
    await until('it is lowered', async () => {
      const version = (await fixture().full.readWorkload(ref))?.resourceVersion ?? '';
      return (await fixture().full.lower(ref, version)) === 'lowered';
    });
    expect(ownersOf(await readManagedFields(fixture(), ref), 'replicas')).toEqual([]);
    expect(await fixture().light.raise(ref, 2)).toBe('raised');
  };

  test.for(['deployment', 'statefulset'] as const)(
    'say of a %s at 0, and from then on, that nobody owns its replicas',
    async (kind) => {
      const ref: WorkloadRef = `${kind}/unowned--g`;
      await fixture().create(ref, { replicas: 1 });
      expect(ownersOf(await readManagedFields(fixture(), ref), 'replicas')).toHaveLength(1);
      await sleepsAndWakes(ref);
      const entries = await readManagedFields(fixture(), ref);
      expect(ownersOf(entries, 'replicas')).toEqual([]);
      expect(entries.map(({ manager }) => manager)).not.toContain('dormouse');
    },
  );

  test('name Dormouse where replicas that somebody owns are scaled, without a time', async () => {
    const ref: WorkloadRef = 'deployment/owned--g';
    await fixture().create(ref, { replicas: 3 });
    await fixture().admin.patch(`${pathOf(ref)}/scale?fieldManager=dormouse`, { spec: { replicas: 2 } });
    const [owner] = ownersOf(await readManagedFields(fixture(), ref), 'replicas');
    expect(owner).toMatchObject({ manager: 'dormouse', subresource: 'scale' });
    expect(owner).not.toHaveProperty('time');
  });

  test('tell when the template of a StatefulSet was edited, and a scale does not move it', async () => {
    const ref: WorkloadRef = 'statefulset/templated--g';
    await fixture().create(ref, { replicas: 1 });
    const editedAt = async () => {
      const owners = ownersOf(await readManagedFields(fixture(), ref), 'template');
      return (
        owners
          .map(({ time = '' }) => time)
          .toSorted()
          .at(-1) ?? ''
      );
    };
    const before = await editedAt();
    await nextSecond();
    await sleepsAndWakes(ref);
    expect(await editedAt()).toBe(before);
    const template = { metadata: { annotations: { 'example.com/version': '2' } } };
    await fixture().admin.patch(`${pathOf(ref)}?fieldManager=deployer`, { spec: { template } });
    expect(await editedAt()).toMatch(/Z$/);
    expect(Date.parse(await editedAt())).toBeGreaterThan(Date.parse(before));
    expect((await fixture().full.readWorkload(ref))?.lastEditMs).toBe(Date.parse(await editedAt()));
  });
}

async function nextSecond(): Promise<void> {
  const afterMs = Date.now() + 1_100;
  await until('the next second', () => Date.now() > afterMs);
}

type Progress = { readonly reason: string; readonly lastUpdateTime: string };

function progressFacts(fixture: () => ClusterFixture): void {
  const progressOf = async (ref: WorkloadRef) => {
    const { conditions = [] } = (await fixture().read(ref)).status as { conditions?: readonly object[] };
    return conditions.find((condition) => (condition as { type: string }).type === 'Progressing') as
      | Progress
      | undefined;
  };
  const settles = (ref: WorkloadRef) =>
    until('its rollout is over', async () => (await progressOf(ref))?.reason === 'NewReplicaSetAvailable');

  test('does not move by scaling, once its rollout is over', async () => {
    const ref: WorkloadRef = 'deployment/settled--g';
    await fixture().create(ref, { replicas: 0 });
    await settles(ref);
    const before = await progressOf(ref);
    await nextSecond();
    await fixture().light.raise(ref, 1);
    await until('a pod is there', async () => ((await fixture().read(ref)).status.replicas ?? 0) > 0);
    expect(await progressOf(ref)).toEqual(before);
  });

  test('moves by each restart of a pod while its rollout is not over, where the last edit stays', async () => {
    const ref: WorkloadRef = 'deployment/crashing--g';
    await fixture().create(ref, { replicas: 2 });
    const edit = (await fixture().full.readWorkload(ref))?.lastEditMs;
    const restarts = async () => {
      const before = (await progressOf(ref))?.lastUpdateTime ?? '';
      await nextSecond();
      for (const ready of ['False', 'True'] as const) await reportFirstPod(fixture(), 'crashing--g', ready);
      await until('its progress moves', async () => {
        const { lastUpdateTime = '' } = (await progressOf(ref)) ?? {};
        return Date.parse(lastUpdateTime) > Date.parse(before);
      });
    };
    await until('it has pods', async () => (await fixture().read(ref)).status.replicas === 2);
    await restarts();
    await restarts();
    expect((await fixture().full.readWorkload(ref))?.lastEditMs).toBe(edit);
  });
}

/** Says of one pod of an application that it is ready, or not, and waits until its Deployment knows. */
async function reportFirstPod(
  { admin, read }: ClusterFixture,
  app: string,
  ready: 'True' | 'False',
): Promise<void> {
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const { items } = await admin.get<{ items: readonly { metadata: { name: string } }[] }>(
    `${pods}?labelSelector=app=${app}`,
  );
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  const conditions = [{ type: 'Ready', status: ready, lastProbeTime: null, lastTransitionTime }];
  const status = { phase: 'Running', conditions };
  await admin.patch(`${pods}/${items[0]?.metadata.name}/status`, { status });
  await until(`it has ${ready === 'True' ? 'a' : 'no'} ready pod`, async () => {
    const { readyReplicas = 0 } = (await read(`deployment/${app}`)).status as { readyReplicas?: number };
    return readyReplicas === (ready === 'True' ? 1 : 0);
  });
}
