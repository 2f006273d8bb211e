import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BranchView, ContainerView, PodView } from '../../shared/core/branch-view.ts';
import { judgeWake } from '../../shared/core/judge-wake.ts';

const BRANCH = 'web--g';

function container(shape: Partial<ContainerView> = {}): ContainerView {
  return { name: 'web', role: 'main', state: 'waiting', isReady: false, restarts: 0, ...shape };
}

function pod(containers: readonly Partial<ContainerView>[], shape: Partial<PodView> = {}): PodView {
  const name = 'web--g-1';
  const isReady = containers.every((each) => each.isReady === true);
  return {
    name,
    isReady,
    isScheduled: true,
    isPulling: false,
    containers: containers.map(container),
    ...shape,
  };
}

function viewOf(pods: readonly PodView[], shape: Partial<BranchView> = {}): BranchView {
  const workloads = [{ ref: `deployment/${BRANCH}`, replicas: 1, pods } as const];
  return { service: 'with-endpoints', servingEndpoints: 0, workloads, ...shape };
}

/** Of a branch of one pod with these containers. */
const judge = (...containers: readonly Partial<ContainerView>[]) =>
  judgeWake(BRANCH, viewOf([pod(containers)]));

const hopeless = (reason: string, shape: object = {}) =>
  expect.objectContaining({ state: 'hopeless', reason, ...shape });
const waiting = (step: string, detail?: string) => ({
  state: 'waiting',
  step,
  ...(detail === undefined ? {} : { detail }),
});

const READY = { state: 'running', isReady: true } as const;
const RUNNING = { state: 'running' } as const;
const crashed = (restarts: number) =>
  ({ reason: 'CrashLoopBackOff', message: 'back-off 10s', restarts, exitCode: 7 }) as const;

describe('judgeWake, reachable', () => {
  test('a branch is reachable once one endpoint serves, whatever its pods say', () => {
    const pods = [pod([crashed(9)])];
    expect(judgeWake(BRANCH, viewOf(pods, { servingEndpoints: 1 }))).toEqual({ state: 'reachable' });
    expect(judgeWake(BRANCH, viewOf(pods, { servingEndpoints: 0 }))).toEqual(hopeless('crash-loop'));
  });

  test('a branch whose Service has no selector is reachable once each workload has a Ready pod', () => {
    const [web, worker] = [`deployment/${BRANCH}`, 'deployment/worker'] as const;
    const up = { ref: web, replicas: 1, pods: [pod([READY])] };
    const down = { ref: worker, replicas: 1, pods: [pod([RUNNING])] };
    const view = (...workloads: BranchView['workloads']) =>
      viewOf([], { service: 'without-selector', workloads });
    expect(judgeWake(BRANCH, view(up, down))).toEqual(waiting('endpoints'));
    expect(judgeWake(BRANCH, view(up, { ...down, pods: up.pods }))).toEqual({ state: 'reachable' });
    expect(judgeWake(BRANCH, view())).toEqual(waiting('pod'));
  });

  test('a branch without a Service is waited for until its pod is Ready, and hopeless then', () => {
    const missing = { service: 'missing' } as const;
    expect(judgeWake(BRANCH, viewOf([pod([RUNNING])], missing))).toEqual(waiting('readiness', 'web'));
    expect(judgeWake(BRANCH, viewOf([pod([READY])], missing))).toEqual(
      hopeless('no-service', {
        detail: 'there is no Service web--g',
        look: 'kubectl get service web--g',
      }),
    );
  });
});

describe('judgeWake, steps', () => {
  test('a branch without pods waits for one', () => {
    expect(judgeWake(BRANCH, viewOf([]))).toEqual(waiting('pod'));
    expect(judgeWake(BRANCH, viewOf([], { workloads: [] }))).toEqual(waiting('pod'));
  });

  test('a pod without node waits for one, with the scheduler’s words if it has any', () => {
    const unscheduled = (shape: Partial<PodView>) =>
      judgeWake(BRANCH, viewOf([pod([{}], { isScheduled: false, ...shape })]));
    expect(unscheduled({})).toEqual(waiting('node'));
    expect(unscheduled({ unschedulable: '0/3 nodes' })).toEqual(waiting('node', '0/3 nodes'));
  });

  test('a container that does not run yet waits for its image while that is pulled, else for its start', () => {
    const creating = pod([{ reason: 'ContainerCreating' }]);
    expect(judgeWake(BRANCH, viewOf([{ ...creating, isPulling: true }]))).toEqual(waiting('image'));
    expect(judgeWake(BRANCH, viewOf([creating]))).toEqual(waiting('start', 'web'));
  });

  test('a container that runs waits for its readiness, and between a crash and the next start for that', () => {
    expect(judge(RUNNING)).toEqual(waiting('readiness', 'web'));
    const ended = { state: 'terminated', reason: 'Error', exitCode: 1, restarts: 1 } as const;
    expect(judge(ended)).toEqual(waiting('start', 'web (Error)'));
  });

  test('a container that does not run comes before one that is not ready', () => {
    expect(judge(RUNNING, { name: 'nginx' })).toEqual(waiting('start', 'nginx'));
    expect(judge(RUNNING, { ...READY, name: 'nginx' })).toEqual(waiting('readiness', 'web'));
  });

  test('a pod whose containers are all ready and that is not waits for its readiness gate', () => {
    expect(judgeWake(BRANCH, viewOf([pod([READY], { isReady: false })]))).toEqual(waiting('readiness'));
  });

  test('a Ready pod waits for its endpoint', () => {
    expect(judge(READY)).toEqual(waiting('endpoints'));
  });

  test('an init container is waited out until it has passed', () => {
    const init = { name: 'migrate', role: 'init' } as const;
    const main = { reason: 'PodInitializing' };
    expect(judge({ ...init, state: 'running' }, main)).toEqual(waiting('init', 'migrate'));
    const failed = { ...init, state: 'terminated', exitCode: 1 } as const;
    expect(judge(failed, main)).toEqual(waiting('init', 'migrate'));
    expect(judge({ ...init, ...crashed(2) }, main)).toEqual(waiting('init', 'migrate (CrashLoopBackOff)'));
    expect(judge({ ...failed, exitCode: 0 }, main)).toEqual(waiting('start', 'web'));
  });

  test('a sidecar that runs does not hide the init container after it', () => {
    const sidecar = { name: 'proxy', role: 'sidecar', state: 'running' } as const;
    const init = { name: 'migrate', role: 'init', state: 'running' } as const;
    expect(judge(sidecar, init, {})).toEqual(waiting('init', 'migrate'));
    expect(judge(sidecar, READY)).toEqual(waiting('readiness', 'proxy'));
  });

  test('the pod that is furthest tells how far the branch is', () => {
    const pods = [pod([{}], { isScheduled: false }), pod([RUNNING]), pod([crashed(9)])];
    expect(judgeWake(BRANCH, viewOf(pods))).toEqual(waiting('readiness', 'web'));
  });
});

describe('judgeWake, hopeless', () => {
  test.each([
    ['ErrImagePull', 'image'],
    ['ImagePullBackOff', 'image'],
    ['ErrImageNeverPull', 'image'],
    ['InvalidImageName', 'image'],
    ['CreateContainerConfigError', 'config'],
    ['CreateContainerError', 'config'],
  ])('%s is hopeless in a container of any role, with its message and where to look', (reason, verdict) => {
    for (const role of ['main', 'init', 'sidecar'] as const) {
      const expected = { detail: 'container web: why', look: 'kubectl describe pod/web--g-1' };
      expect(judge({ role, reason, message: 'why' })).toEqual(hopeless(verdict, expected));
      expect(judge({ role, reason })).toEqual(hopeless(verdict, { detail: `container web: ${reason}` }));
    }
  });

  test.each(['ContainerCreating', 'PodInitializing', 'RunContainerError', 'ErrSomethingNew', undefined])(
    '%s is waited out',
    (reason) => {
      expect(judge(reason === undefined ? {} : { reason })).toEqual(waiting('start', 'web'));
    },
  );

  test('a crash loop is waited out up to the second restart, and hopeless from the third on', () => {
    for (const role of ['main', 'sidecar'] as const) {
      expect(judge({ role, ...crashed(2) })).toEqual(waiting('start', 'web (CrashLoopBackOff)'));
      expect(judge({ role, ...crashed(3) })).toEqual(hopeless('crash-loop'));
    }
    expect(judge({ role: 'init', ...crashed(3) })).toEqual(hopeless('crash-loop'));
  });

  test('a crash loop is told with its exit code and the command that shows the last words', () => {
    expect(judge(crashed(3))).toEqual({
      state: 'hopeless',
      reason: 'crash-loop',
      detail: 'container web was restarted 3 times and ended again, with exit code 7',
      look: 'kubectl logs pod/web--g-1 -c web --previous',
    });
  });

  test('a container that crashed often and runs again is waited for', () => {
    expect(judge({ ...RUNNING, restarts: 9, exitCode: 7 })).toEqual(waiting('readiness', 'web'));
  });

  test('a pod is hopeless if one of its containers is', () => {
    expect(judge(READY, { name: 'nginx', reason: 'ErrImagePull' })).toEqual(hopeless('image'));
  });

  test('a branch is hopeless only when each of its pods is', () => {
    const lost = pod([{ reason: 'ErrImagePull' }]);
    expect(judgeWake(BRANCH, viewOf([lost, lost]))).toEqual(hopeless('image'));
    expect(judgeWake(BRANCH, viewOf([lost, pod([{}])]))).toEqual(waiting('start', 'web'));
  });

  test('a branch that gets no pod is hopeless once Kubernetes says why, and only without one', () => {
    const workload = { ref: `deployment/${BRANCH}`, replicas: 1, createFailure: 'exceeded quota' } as const;
    const view = (pods: readonly PodView[]) => viewOf([], { workloads: [{ ...workload, pods }] });
    expect(judgeWake(BRANCH, view([]))).toEqual({
      state: 'hopeless',
      reason: 'quota',
      detail: 'exceeded quota',
      look: 'kubectl describe deployment/web--g',
    });
    expect(judgeWake(BRANCH, view([pod([{}])]))).toEqual(waiting('start', 'web'));
  });

  test('a companion that cannot start does not make the branch hopeless', () => {
    const bearer = { ref: `deployment/${BRANCH}`, replicas: 1, pods: [pod([RUNNING])] } as const;
    const companion = {
      ref: 'deployment/worker',
      replicas: 1,
      pods: [pod([{ reason: 'ErrImagePull' }])],
    } as const;
    const view = viewOf([], { workloads: [bearer, companion] });
    expect(judgeWake(BRANCH, view)).toEqual(waiting('readiness', 'web'));
  });
});

describe('judgeWake, any view', () => {
  const reasons = ['ErrImagePull', 'CrashLoopBackOff', 'CreateContainerError', 'ContainerCreating', '', '?'];
  const anyContainer = fc.record(
    {
      name: fc.string(),
      role: fc.constantFrom('init', 'sidecar', 'main'),
      state: fc.constantFrom('waiting', 'running', 'terminated'),
      reason: fc.constantFrom(...reasons),
      message: fc.string(),
      isReady: fc.boolean(),
      restarts: fc.nat(6),
      exitCode: fc.integer(),
    },
    { requiredKeys: ['name', 'role', 'state', 'isReady', 'restarts'] },
  ) as fc.Arbitrary<ContainerView>;
  const anyPod = fc.record(
    {
      name: fc.string(),
      isReady: fc.boolean(),
      isScheduled: fc.boolean(),
      unschedulable: fc.string(),
      isPulling: fc.boolean(),
      containers: fc.array(anyContainer, { maxLength: 4 }),
    },
    { requiredKeys: ['name', 'isReady', 'isScheduled', 'isPulling', 'containers'] },
  ) as fc.Arbitrary<PodView>;
  const anyPods = fc.array(anyPod, { maxLength: 4 });
  const anyService = fc.constantFrom('missing', 'with-endpoints', 'without-selector');

  test('judgeWake never throws, and is reachable exactly if isReachable says so', () => {
    fc.assert(
      fc.property(anyPods, anyService, fc.nat(2), (pods, service, servingEndpoints) => {
        const { state } = judgeWake(BRANCH, viewOf(pods, { service, servingEndpoints }));
        const isUp = pods.some(({ isReady }) => isReady);
        const isReached =
          service === 'with-endpoints' ? servingEndpoints > 0 : service === 'without-selector' && isUp;
        expect(state === 'reachable').toBe(isReached);
      }),
    );
  });

  test('judgeWake is hopeless only if it is for each pod alone', () => {
    fc.assert(
      fc.property(anyPods, (pods) => {
        const isHopeless = (some: readonly PodView[]) => judgeWake(BRANCH, viewOf(some)).state === 'hopeless';
        expect(isHopeless(pods)).toBe(pods.length > 0 && pods.every((each) => isHopeless([each])));
      }),
    );
  });
});

describe('judgeWake, of several workloads', () => {
  const application = { ref: `deployment/${BRANCH}`, replicas: 1, pods: [pod([crashed(9)])] } as const;
  const database = (pods: readonly PodView[], replicas = 1) =>
    viewOf([], { workloads: [application, { ref: 'statefulset/db', replicas, pods }] });

  test('a crash loop is waited out while another workload of the branch is not Ready yet', () => {
    const starting = database([pod([RUNNING], { name: 'db-0' })]);
    expect(judgeWake(BRANCH, starting)).toEqual(waiting('readiness', 'statefulset/db'));
    expect(judgeWake(BRANCH, database([]))).toEqual(waiting('readiness', 'statefulset/db'));
  });

  test('a crash loop is hopeless once all others are Ready, or are kept at 0', () => {
    expect(judgeWake(BRANCH, database([pod([READY])]))).toEqual(hopeless('crash-loop'));
    expect(judgeWake(BRANCH, database([], 0))).toEqual(hopeless('crash-loop'));
  });

  test('a workload that cannot start is the reason for the crash loop of the one that needs it', () => {
    const image = { reason: 'ImagePullBackOff', message: 'no such image' };
    expect(judgeWake(BRANCH, database([pod([image], { name: 'db-0' })]))).toEqual(hopeless('image'));
  });

  test('a worker that crashes for want of the same database does not end the waiting for it', () => {
    const worker = {
      ref: 'deployment/worker',
      replicas: 1,
      pods: [pod([crashed(5)], { name: 'w-0' })],
    } as const;
    const without = (pods: readonly PodView[]) =>
      viewOf([], { workloads: [application, worker, { ref: 'statefulset/db', replicas: 1, pods }] });
    const starting = judgeWake(BRANCH, without([pod([RUNNING], { name: 'db-0' })]));
    expect(starting).toEqual(waiting('readiness', 'statefulset/db'));
    const image = { reason: 'ImagePullBackOff', message: 'no such image' };
    expect(judgeWake(BRANCH, without([pod([image], { name: 'db-0' })]))).toEqual(hopeless('image'));
  });

  test.each([
    [10_000, 10_000, 'waiting'],
    [11_000, 10_000, 'hopeless'],
    [9_000, 10_000, 'waiting'],
  ])(
    'what was started at %i and crashed, beside a database that is up since %i, is %s',
    (lastStartMs, readySinceMs, state) => {
      const bearer = { ...application, pods: [pod([{ ...crashed(9), lastStartMs }])] };
      const up = { ref: 'statefulset/db', replicas: 1, pods: [pod([READY], { readySinceMs })] } as const;
      expect(judgeWake(BRANCH, viewOf([], { workloads: [bearer, up] }))).toMatchObject({ state });
    },
  );

  test('an image that cannot be pulled is hopeless, whatever else is starting', () => {
    const broken = { ...application, pods: [pod([{ reason: 'ErrImagePull', message: 'denied' }])] };
    const workloads = [broken, { ref: 'statefulset/db', replicas: 1, pods: [pod([RUNNING])] } as const];
    expect(judgeWake(BRANCH, viewOf([], { workloads }))).toEqual(hopeless('image'));
  });
});
