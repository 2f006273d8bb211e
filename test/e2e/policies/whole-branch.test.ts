import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { Pod } from '../../world/kubernetes-objects.ts';
import { send } from '../hold/send.ts';
import { eventually, visit } from '../visits.ts';
import { IDLE_MS, NAMESPACE, type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
/** Long enough for as many restarts as an application by itself is given up for. */
const DATABASE_MS = 5_000;
const HOPELESS_RESTARTS = 3;

describeWith(PARTS, 'a branch of two Deployments and a StatefulSet', () => {
  let world: PoliciesWorld;
  const name = 'whole--g';
  const app = `deployment/${name}`;
  const worker = 'deployment/whole-worker';
  const database = 'statefulset/whole-db';
  const isOf = (pod: Pod, ref: string) => pod.metadata.labels?.app === ref.split('/')[1];
  let isDatabaseUp = false;

  beforeAll(async () => {
    world = await startPoliciesWorld((pod) => {
      if (isOf(pod, database)) return { startMs: DATABASE_MS };
      return isDatabaseUp ? { startMs: 100 } : { failure: 'crash-loop' };
    });
    const workloads = [
      { replicas: 2 },
      { name: 'whole-worker' },
      { name: 'whole-db', kind: 'statefulset' },
    ] as const;
    isDatabaseUp = true;
    await world.begin(name, workloads);
  });
  afterAll(() => world?.stop());

  async function untilDatabaseIs(isUp: boolean): Promise<void> {
    type StatefulSet = { status?: { readyReplicas?: number } };
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/whole-db`;
    await eventually(
      () => world.api.get<StatefulSet>(path),
      ({ status }) => (status?.readyReplicas ?? 0) === (isUp ? 1 : 0),
    );
    isDatabaseUp = isUp;
  }

  /** Of the pod that was restarted most. */
  async function restartsOf(ref: string): Promise<number> {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
    const { items } = await world.api.get<{ items: readonly Pod[] }>(path);
    const statuses = items
      .filter((pod) => isOf(pod, ref))
      .flatMap(({ status }) => status?.containerStatuses ?? []);
    return Math.max(...statuses.map(({ restartCount }) => restartCount));
  }

  test('sleeps and wakes as one, each to its own count', async () => {
    await world.sweepUntilAsleep(app, worker, database);
    expect((await visit(world.proxy.port, name)).status).toBe(200);
    // A pod that is ending may have answered: then it was the mirrored visit that wakes.
    const counts = () => world.replicasOf(app, worker, database);
    await eventually(counts, (all) => all.join() === '2,1,1');
  });

  test('answers what is held though it crashes until its database is up, for which its page waits', async () => {
    await world.sweepUntilAsleep(app, worker, database);
    await untilDatabaseIs(false);
    const startedMs = Date.now();
    const watched = untilDatabaseIs(true);
    const host = `${name}.example.com`;
    const [answer, progress] = await Promise.all([
      send(world.proxy.port, host, { method: 'POST', bodyBytes: 1_000 }),
      send(world.proxy.port, host, { path: '/.dormouse/progress' }),
    ]);
    await watched;
    expect([answer.status, answer.body]).toEqual([200, expect.any(String)]);
    expect(await restartsOf(app)).toBeGreaterThanOrEqual(HOPELESS_RESTARTS);
    expect(progress.body).toContain('"step":"readiness","detail":"statefulset/whole-db"');
    expect(progress.body).toMatch(/event: ready\n/);
    expect(progress.body).not.toContain('hopeless');
    expect(Date.now() - startedMs).toBeGreaterThan(DATABASE_MS);
  });

  test('is awake as long as one of them is deployed', async () => {
    await visit(world.proxy.port, name);
    const before = Date.now();
    const template = { metadata: { annotations: { deployed: 'again' } } };
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/whole-db`;
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS / 2));
    await world.api.patch(path, { spec: { template } });
    await world.sweepUntilAsleep(app, worker, database);
    expect(Date.now() - before).toBeGreaterThan(IDLE_MS * 1.2);
  });
});
