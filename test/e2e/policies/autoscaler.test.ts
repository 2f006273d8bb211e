import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { createQueue, queueAutoscaler, setQueue } from '../../world/external-metric.ts';
import { eventually, visit } from '../visits.ts';
import { IDLE_MS, NAMESPACE, type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
const AUTOSCALERS = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;

type Condition = { readonly type: string; readonly status: string; readonly reason: string };

describeWith(PARTS, 'a branch with an autoscaler', () => {
  let world: PoliciesWorld;
  const name = 'scaled--g';
  const app = `deployment/${name}`;

  beforeAll(async () => {
    world = await startPoliciesWorld(() => ({ startMs: 100 }));
  });
  afterAll(() => world?.stop());

  const activityOf = async (of: string): Promise<Condition | undefined> => {
    const { status } = await world.api.get<{ status?: { conditions?: Condition[] } }>(`${AUTOSCALERS}/${of}`);
    return status?.conditions?.find(({ type }) => type === 'ScalingActive');
  };
  const becomes = (ref: string, replicas: number) =>
    eventually(
      () => world.replicasOf(ref),
      ([count]) => count === replicas,
    );

  test('sleeps, and the autoscaler leaves it there', async () => {
    await world.begin(name);
    await world.api.create(AUTOSCALERS, autoscaler(name, 2));
    await becomes(app, 2);
    await world.sweepUntilAsleep(app);
    await eventually(
      () => activityOf(name),
      (condition) => condition?.reason === 'ScalingDisabled',
    );
    expect(await world.sweepFor(3_000)).toMatchObject({ slept: 0, healed: 0 });
    expect(await world.replicasOf(app)).toEqual([0]);
  });

  test('wakes within the bounds that the autoscaler has by then', async () => {
    await world.api.patch(`${AUTOSCALERS}/${name}`, { spec: { minReplicas: 3, maxReplicas: 3 } });
    expect((await visit(world.proxy.port, name)).status).toBe(200);
    expect(await world.replicasOf(app)).toEqual([3]);
    await eventually(
      () => activityOf(name),
      (condition) => condition?.reason !== 'ScalingDisabled',
    );
    expect(await world.replicasOf(app)).toEqual([3]);
  });

  test('is asleep where its autoscaler went to 0 by itself: no sweep claims it, and a visit wakes it', async () => {
    const queue = { namespace: NAMESPACE, workload: 'queued--g', value: '0' };
    const queued = await world.begin(queue.workload);
    await createQueue(world.api, queue);
    await world.api.create(AUTOSCALERS, queueAutoscaler(queue.workload));
    await becomes(queued, 0);
    const { reasons } = await world.sweepFor(IDLE_MS + 1_000);
    expect([...reasons]).toContain('scaled-to-zero-by-hand');
    expect(await world.recordOf(queue.workload)).not.toHaveProperty('asleepSinceMs');
    await setQueue(world.api, { ...queue, value: '15' }); // else it would go to 0 again at once
    expect((await visit(world.proxy.port, queue.workload)).status).toBe(200);
    await becomes(queued, 2);
  });
});

function autoscaler(name: string, minReplicas: number) {
  const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas,
      maxReplicas: 5,
      metrics: [{ type: 'Resource', resource: cpu }],
    },
  };
}
