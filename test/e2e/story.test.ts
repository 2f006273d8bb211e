import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith, partPath } from '../parts/part.ts';
import { createBranch, deleteBranch, type WorkloadManifest } from '../world/branch-manifests.ts';
import { type RealWorld, startRealWorld } from '../world/real-world.ts';
import { eventually, visit } from './visits.ts';

const NAMESPACE = 'staging';
/** A minute is a second: branches are idle after 10 s. */
const SPEED = 60;
const IDLE_MS = 10_000;

type Deployment = { metadata: Record<string, unknown>; spec: { replicas: number }; status?: unknown };

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'on a real cluster, store and proxy', () => {
  let world: RealWorld;

  beforeAll(async () => {
    world = await startRealWorld({
      namespace: NAMESPACE,
      behaviour: () => ({ startMs: 200 }),
      speed: SPEED,
      idleAfterMinutes: (IDLE_MS * SPEED) / 60_000,
      parts: {
        nginx: partPath('nginx'),
        gcloud: partPath('firestore-emulator'),
        controlPlane: partPath('control-plane'),
      },
    });
  });
  afterAll(() => world?.stop());

  let name = '';
  let count = 0;
  beforeEach(async () => {
    if (name !== '') await deleteBranch(world.api, { namespace: NAMESPACE, name });
    count += 1;
    name = `story-${count}--g`;
  });

  const path = () => `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
  const read = () => world.api.get<Deployment>(path());
  const replicas = async () => (await read()).spec.replicas;
  const scale = (to: number) =>
    world.controlPlane.kubectl('scale', '-n', NAMESPACE, `deployment/${name}`, `--replicas=${to}`);
  const create = (workload: WorkloadManifest) =>
    createBranch(world.api, { namespace: NAMESPACE, name, workloads: [workload] });
  const awake = () =>
    eventually(
      () => visit(world.proxy.port, name),
      ({ status }) => status === 200,
    );

  /** A visit is a touch by its mirror and by its hold: whichever is first wakes the branch. */
  const wakesOf = (branch: string) =>
    [...world.logged('touch'), ...world.logged('hold')]
      .filter((entry) => entry.branch === branch)
      .map((entry) => entry.touch ?? entry);

  const podsLeft = () => world.kubelet.pods().filter(({ branch }) => branch === name).length;

  async function sweepUntilAsleep(): Promise<void> {
    await eventually(
      async () => {
        const { summary } = await world.sweep();
        return { replicas: await replicas(), summary };
      },
      (answer) => answer.replicas === 0,
    );
  }

  test('a branch of two containers sleeps when idle, wakes to 2 replicas by one request, and sleeps again', async () => {
    await create({ replicas: 2, containers: ['nginx', 'unicorn'] });
    await awake();
    const before = await read();
    await sweepUntilAsleep();
    await eventually(podsLeft, (count) => count === 0);
    expect((await visit(world.proxy.port, name)).status).toBe(200); // held until the branch was awake
    expect(await replicas()).toBe(2);
    const member = { ref: `deployment/${name}`, replicas: 2, outcome: 'raised' };
    expect(wakesOf(name)).toContainEqual(expect.objectContaining({ woken: [member] }));
    await sweepUntilAsleep();
    expect(withoutReplicas(await read())).toEqual(withoutReplicas(before));
  });

  test('a restart of all but store and cluster forgets no visit and puts nothing to sleep early', async () => {
    await create({});
    await awake();
    await delay(IDLE_MS / 2);
    await visit(world.proxy.port, name);
    const visitedMs = Date.now();
    await delay(1_000); // the visit is mirrored behind the visitor's back
    await Promise.all([
      world.stopFunction('wake', 'SIGKILL'),
      world.stopFunction('sleep', 'SIGKILL'),
      world.proxy.kill(),
    ]);
    await Promise.all([world.startFunction('wake'), world.startFunction('sleep'), world.proxy.start()]);
    await sweepUntilAsleep();
    expect(Date.now() - visitedMs).toBeGreaterThan(IDLE_MS - 500); // the visit's touch was throttled at most so long
  });

  test('two sweeps at once put a branch to sleep once, and a visit wakes it', async () => {
    await create({});
    await awake();
    await delay(IDLE_MS);
    await eventually(
      async () => {
        const sweeps = await Promise.all([world.sweep(), world.sweep()]);
        expect(sweeps.map(({ summary }) => summary.failed)).toEqual([0, 0]);
        return replicas();
      },
      (count) => count === 0,
    );
    await awake();
    await world.sweep();
    expect(await replicas()).toBe(1);
  });

  test('a sweep that is killed in the middle of twelve branches leaves none asleep that is visited', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `killed-${index}--g`);
    await Promise.all(names.map((each) => createBranch(world.api, { namespace: NAMESPACE, name: each })));
    await world.sweep();
    await delay(IDLE_MS + 1_000);
    const swept = world.sweep().catch(() => 'killed');
    const list = () =>
      world.api.get<{ items: Deployment[] }>(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`);
    await eventually(list, ({ items }) => items.some(({ spec }) => spec.replicas === 0));
    await world.stopFunction('sleep', 'SIGKILL');
    await swept;
    await world.startFunction('sleep');
    const visits = await Promise.all(names.map((each) => visit(world.proxy.port, each)));
    expect(visits.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect((await world.sweep()).summary).toMatchObject({ failed: 0, slept: 0 });
    const after = await Promise.all(names.map((each) => visit(world.proxy.port, each)));
    expect(after.map(({ status }) => status)).toEqual(names.map(() => 200));
    await Promise.all(names.map((each) => deleteBranch(world.api, { namespace: NAMESPACE, name: each })));
  });

  test('a branch that somebody scaled to 0 by hand is left alone, and scaled to 1 counts as visited', async () => {
    await create({});
    await awake();
    await world.sweep();
    await scale(0);
    await world.sweep();
    const { summary } = await world.sweep();
    expect(summary.kept).toHaveProperty('scaled-to-zero-by-hand', 1);
    await delay(IDLE_MS);
    await scale(1);
    await world.sweep();
    const { summary: after } = await world.sweep();
    expect(after.kept).toHaveProperty('active');
    expect(await replicas()).toBe(1);
  });

  test('a bad annotation keeps its branch awake and is named, and the others sleep', async () => {
    await create({ annotations: { 'dormouse/idle-after': 'soon' } });
    const other = 'other--g';
    await createBranch(world.api, { namespace: NAMESPACE, name: other });
    await world.sweep();
    await delay(IDLE_MS + 1_000);
    const { status, summary } = await eventually(world.sweep, (answer) => answer.summary.slept > 0);
    expect(status).toBe(200);
    expect(await replicas()).toBe(1);
    expect(summary.problems).toEqual([
      {
        branch: name,
        problem: expect.stringContaining('annotation dormouse/idle-after is "soon", expected a duration'),
      },
    ]);
    await deleteBranch(world.api, { namespace: NAMESPACE, name: other });
  });
});

/** Of a scaled Deployment these may differ, and nothing else. */
function withoutReplicas({ metadata, spec }: Deployment): object {
  const { resourceVersion: _, generation: __, managedFields: ___, ...rest } = metadata;
  return { metadata: rest, spec: { ...spec, replicas: 'any' } };
}
