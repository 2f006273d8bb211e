import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createBranch, createNamespace, deleteBranch } from '../world/branch-manifests.ts';
import { startKubelet } from '../world/kubelet/kubelet.ts';
import {
  type KubeletFixture,
  type KubeletServer,
  MAX_GRACE_MS,
  NAMESPACE,
  REFUSED,
  SETTLES,
  startKubeletFixture,
} from './kubelet-fixture.ts';
import { serviceContract } from './service-contract.ts';

type World = () => KubeletFixture;

/** What the kubelet stand-in and the Services in front of it promise, on any Kubernetes API. */
export function kubeletContract(server: string, start: () => Promise<KubeletServer>): void {
  let fixture: KubeletFixture;
  beforeAll(async () => {
    fixture = await startKubeletFixture(start);
  });
  afterAll(() => fixture?.stop());
  const world = () => fixture;
  startingPods(server, world);
  failingPods(server, world);
  endingPods(server, world);
  serviceContract(server, world);
}

function startingPods(server: string, world: World): void {
  describe(`a pod that starts, on ${server}`, () => {
    it('makes its Deployment available after pull, start and readiness', async () => {
      await world().create(
        { name: 'slow--g', workloads: [{ replicas: 0 }] },
        { pullMs: 300, startMs: 200, readyMs: 500 },
      );
      const startMs = performance.now();
      await world().scale('deployment/slow--g', 1);
      await expect
        .poll(() => world().workload('deployment/slow--g'), SETTLES)
        .toMatchObject({ status: { availableReplicas: 1 } });
      expect(performance.now() - startMs).toBeGreaterThan(990);
      expect(performance.now() - startMs).toBeLessThan(4_000);
    });

    it('is refused through its Service until it is Ready, and answers then', async () => {
      await world().create({ name: 'probed--g' }, { readyMs: 1_000 });
      await expect.poll(() => world().container('probed--g'), SETTLES).toMatchObject({ started: true });
      await expect(world().visit('probed--g')).rejects.toEqual(REFUSED);
      await world().becomesReady('probed--g');
      expect(await world().echo('probed--g')).toMatchObject({ method: 'GET', hits: 1 });
    });

    it('is Ready without listening, and refused, when it has no readiness probe and opens its port late', async () => {
      const workloads = [{ hasReadinessProbe: false }];
      await world().create({ name: 'late--g', workloads }, { listensAfterMs: 1_500 });
      await expect
        .poll(() => world().condition('late--g', 'Ready'), SETTLES)
        .toMatchObject({ status: 'True' });
      await expect(world().visit('late--g')).rejects.toEqual(REFUSED);
      await world().becomesReady('late--g');
      expect(await world().visit('late--g')).toMatchObject({ status: 200 });
    });

    it('is Ready only when each of its containers is', async () => {
      const containers = { nginx: { readyMs: 1_500 } };
      await world().create({ name: 'two--g', workloads: [{ containers: ['web', 'nginx'] }] }, { containers });
      await expect.poll(() => world().container('two--g', 'web'), SETTLES).toMatchObject({ ready: true });
      expect(await world().condition('two--g', 'Ready')).toMatchObject({
        status: 'False',
        message: 'containers with unready status: [nginx]',
      });
      await world().becomesReady('two--g');
    });

    it('starts after its init containers, of which one fails before it passes', async () => {
      const containers = { migrate: { failure: 'crash-loop', exitCode: 3 } } as const;
      await world().create({ name: 'init--g', workloads: [{ initContainers: ['migrate'] }] }, { containers });
      await expect
        .poll(() => world().container('init--g', 'migrate'), SETTLES)
        .toMatchObject({
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 3 } },
        });
      expect(await world().condition('init--g', 'Initialized')).toMatchObject({ status: 'False' });
      world().behave('init--g', {});
      await world().becomesReady('init--g');
      const migrate = await world().container('init--g', 'migrate');
      expect(migrate?.state).toMatchObject({ terminated: { exitCode: 0, reason: 'Completed' } });
      expect(migrate?.restartCount).toBeGreaterThan(0);
    });

    it('starts after its sidecar, and is Ready when that is, too', async () => {
      world().behave('bare', { containers: { proxy: { failure: 'crash-loop' } } });
      const image = 'registry.example/bare:1';
      const initContainers = [{ name: 'proxy', image, restartPolicy: 'Always' }];
      const pod = {
        metadata: { name: 'bare' },
        spec: { initContainers, containers: [{ name: 'web', image }] },
      };
      await world().api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod);
      await expect.poll(() => world().container('bare'), SETTLES).toMatchObject({ ready: true });
      expect(await world().condition('bare', 'Ready')).toMatchObject({
        message: 'containers with unready status: [proxy]',
      });
      world().behave('bare', {});
      await expect.poll(() => world().condition('bare', 'Ready'), SETTLES).toMatchObject({ status: 'True' });
    });

    it('of a StatefulSet starts after the one before it', async () => {
      await world().create(
        { name: 'set--g', workloads: [{ kind: 'statefulset', replicas: 2 }] },
        { readyMs: 300 },
      );
      await expect
        .poll(() => world().workload('statefulset/set--g'), SETTLES)
        .toMatchObject({ status: { availableReplicas: 2 } });
      const names = (await world().pods('set--g')).map(({ metadata }) => metadata.name);
      expect(names).toEqual(['set--g-0', 'set--g-1']);
      expect(await world().echo('set--g')).toMatchObject({ pod: expect.stringMatching(/^set--g-[01]$/) });
    });

    it('is run again by a kubelet that starts anew', async () => {
      const { api } = world();
      const namespace = 'restarted';
      await createNamespace(api, namespace);
      await createBranch(api, { namespace, name: 'again--g' });
      const first = await startKubelet({ api, namespace, behaviour: () => ({}) });
      await expect.poll(() => first.pods(), SETTLES).toMatchObject([{ isReady: true }]);
      first.stop();
      expect(first.pods()).toMatchObject([{ port: undefined }]);
      const second = await startKubelet({ api, namespace, behaviour: () => ({}) });
      await expect
        .poll(() => second.pods(), SETTLES)
        .toMatchObject([{ isReady: true, port: expect.any(Number) }]);
      second.stop();
    });
  });
}

function failingPods(server: string, world: World): void {
  describe(`a pod that fails, on ${server}`, () => {
    it('shows ErrImagePull and ImagePullBackOff in turn, and starts once its image is there', async () => {
      await world().create({ name: 'pull--g' }, { failure: 'image-pull' });
      for (const reason of ['ErrImagePull', 'ImagePullBackOff']) {
        await expect
          .poll(() => world().container('pull--g'), SETTLES)
          .toMatchObject({ state: { waiting: { reason, message: expect.stringContaining('not found') } } });
      }
      expect((await world().pods('pull--g'))[0]?.status?.phase).toBe('Pending');
      const told = ['Normal Pulling', 'Warning Failed', 'Normal BackOff'];
      await expect.poll(() => world().events('pull--g'), SETTLES).toEqual(expect.arrayContaining(told));
      world().behave('pull--g', {});
      await world().becomesReady('pull--g');
    });

    it.each([
      ['image-never-pull', 'ErrImageNeverPull'],
      ['invalid-image-name', 'InvalidImageName'],
      ['config-error', 'CreateContainerConfigError'],
      ['create-error', 'CreateContainerError'],
    ] as const)('shows its reason for %s, and starts once the cause is gone', async (failure, reason) => {
      const name = `${failure}--g`;
      await world().create({ name }, { failure });
      await expect
        .poll(() => world().container(name), SETTLES)
        .toMatchObject({ state: { waiting: { reason, message: expect.any(String) } }, restartCount: 0 });
      await expect.poll(() => world().events(name), SETTLES).toContain('Warning Failed');
      world().behave(name, {});
      await world().becomesReady(name);
    });

    it('crashes again and again, with its exit code and a growing count, until it does not', async () => {
      await world().create({ name: 'crash--g' }, { failure: 'crash-loop', exitCode: 42 });
      await expect
        .poll(async () => (await world().container('crash--g'))?.restartCount, SETTLES)
        .toBeGreaterThanOrEqual(3);
      await expect
        .poll(() => world().container('crash--g'), SETTLES)
        .toMatchObject({
          ready: false,
          state: { waiting: { reason: 'CrashLoopBackOff', message: expect.stringMatching(/^back-off /) } },
          lastState: { terminated: { exitCode: 42, reason: 'Error' } },
        });
      expect(await world().condition('crash--g', 'Ready')).toMatchObject({ status: 'False' });
      await expect.poll(() => world().events('crash--g'), SETTLES).toContain('Warning BackOff');
      world().behave('crash--g', {});
      await world().becomesReady('crash--g');
    });

    it('is refused between a crash while it serves and its next start', async () => {
      await world().create({ name: 'fragile--g' }, { crashAfterMs: 1_500, crashTimes: 1, startMs: 500 });
      await world().becomesReady('fragile--g');
      await expect
        .poll(
          () =>
            world()
              .visit('fragile--g')
              .catch((error) => error),
          SETTLES,
        )
        .toEqual(REFUSED);
      await world().becomesReady('fragile--g');
      expect(await world().container('fragile--g')).toMatchObject({ restartCount: 1 });
    });

    it('stays pending while no node has room, and goes at once when it is deleted', async () => {
      await world().create({ name: 'no-room--g' }, { failure: 'unschedulable' });
      await expect
        .poll(() => world().condition('no-room--g', 'PodScheduled'), SETTLES)
        .toMatchObject({
          status: 'False',
          reason: 'Unschedulable',
          message: expect.stringMatching(/^0\/1 nodes/),
        });
      await expect.poll(() => world().events('no-room--g'), SETTLES).toContain('Warning FailedScheduling');
      await world().scale('deployment/no-room--g', 0);
      await expect.poll(() => world().pods('no-room--g'), SETTLES).toEqual([]);
    });

    it('is scheduled once a node has room', async () => {
      await world().create({ name: 'room--g' }, { failure: 'unschedulable' });
      await expect
        .poll(() => world().condition('room--g', 'PodScheduled'), SETTLES)
        .toMatchObject({ status: 'False' });
      world().behave('room--g', {});
      await world().becomesReady('room--g');
      expect(await world().condition('room--g', 'PodScheduled')).toMatchObject({ status: 'True' });
    });

    it('runs and is refused for ever when its readiness probe never passes', async () => {
      await world().create({ name: 'unready--g' }, { failure: 'never-ready' });
      await expect.poll(() => world().events('unready--g'), SETTLES).toContain('Warning Unhealthy');
      await expect
        .poll(() => world().container('unready--g'), SETTLES)
        .toMatchObject({ ready: false, started: true, state: { running: {} } });
      await expect(world().visit('unready--g')).rejects.toEqual(REFUSED);
    });
  });
}

function endingPods(server: string, world: World): void {
  describe(`a pod that ends, on ${server}`, () => {
    it('finishes a request that it had accepted, while new ones are refused', async () => {
      await world().create({ name: 'ends--g' });
      await world().becomesReady('ends--g');
      const slow = world().visit('ends--g', '/slow?ms=700');
      await expect.poll(() => world().kubelet.requests('ends--g'), SETTLES).toBe(1);
      await world().scale('deployment/ends--g', 0);
      await expect
        .poll(
          () =>
            world()
              .visit('ends--g')
              .catch((error) => error),
          SETTLES,
        )
        .toEqual(REFUSED);
      expect(await slow).toMatchObject({ status: 200 });
      await expect.poll(() => world().pods('ends--g'), SETTLES).toEqual([]);
    });

    it('cuts what is still running when its grace is over', async () => {
      await world().create({ name: 'cut--g' });
      await world().becomesReady('cut--g');
      const endless = world()
        .visit('cut--g', '/slow?ms=60000')
        .catch((error) => error);
      await expect.poll(() => world().kubelet.requests('cut--g'), SETTLES).toBe(1);
      const startMs = performance.now();
      await world().scale('deployment/cut--g', 0);
      expect(await endless).toMatchObject({ code: 'ECONNRESET' });
      expect(performance.now() - startMs).toBeGreaterThan(MAX_GRACE_MS - 50);
      await expect.poll(() => world().pods('cut--g'), SETTLES).toEqual([]);
    });

    it('closes its WebSockets as going away', async () => {
      await world().create({ name: 'socket--g' });
      await world().becomesReady('socket--g');
      const socket = new WebSocket(world().urlOf('socket--g'));
      await once(socket, 'open');
      const closed = once(socket, 'close');
      await world().scale('deployment/socket--g', 0);
      expect((await closed)[0]).toBe(1001);
    });

    it('goes on serving while its preStop hook runs', async () => {
      await world().create({ name: 'hook--g', workloads: [{ preStopSeconds: 1 }] });
      await world().becomesReady('hook--g');
      await world().scale('deployment/hook--g', 0);
      const deleted = async () => (await world().pods('hook--g'))[0]?.metadata.deletionTimestamp;
      await expect.poll(deleted, SETTLES).toBeDefined();
      expect(await world().visit('hook--g')).toMatchObject({ status: 200 });
      await expect.poll(() => world().pods('hook--g'), SETTLES).toEqual([]);
      await expect(world().visit('hook--g')).rejects.toEqual(REFUSED);
    });

    it('has its connections cut when it is deleted by force', async () => {
      await world().create({ name: 'force--g' });
      await world().becomesReady('force--g');
      const endless = world()
        .visit('force--g', '/slow?ms=60000')
        .catch((error) => error);
      await expect.poll(() => world().kubelet.requests('force--g'), SETTLES).toBe(1);
      const [pod] = await world().pods('force--g');
      await world().api.delete(
        `/api/v1/namespaces/${NAMESPACE}/pods/${pod?.metadata.name}?gracePeriodSeconds=0`,
      );
      expect(await endless).toMatchObject({ code: 'ECONNRESET' });
      await world().becomesReady('force--g');
    });

    it('by itself and is not restarted has succeeded', async () => {
      world().behave('job', { crashAfterMs: 0, exitCode: 0 });
      const containers = [{ name: 'web', image: 'registry.example/job:1' }];
      const pod = { metadata: { name: 'job' }, spec: { restartPolicy: 'Never', containers } };
      await world().api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod);
      await expect
        .poll(() => world().pods('job'), SETTLES)
        .toMatchObject([
          { status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] } },
        ]);
    });

    it('leaves a name behind as long as its Service is there', async () => {
      await world().create({ name: 'name--g' });
      const name = `name--g.${NAMESPACE}.svc.cluster.local`;
      await expect.poll(() => world().network.resolve(name), SETTLES).toMatch(/^127\.\d+\.\d+\.\d+$/);
      await world().scale('deployment/name--g', 0);
      await expect
        .poll(
          () =>
            world()
              .visit('name--g')
              .catch((error) => error),
          SETTLES,
        )
        .toEqual(REFUSED);
      expect(world().network.resolve(name)).toBeDefined();
      await deleteBranch(world().api, { namespace: NAMESPACE, name: 'name--g' });
      await expect.poll(() => world().network.resolve(name), SETTLES).toBeUndefined();
      await expect(world().api.get(deploymentPath('name--g'))).rejects.toMatchObject({ status: 404 });
    });
  });
}

function deploymentPath(name: string): string {
  return `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
}
