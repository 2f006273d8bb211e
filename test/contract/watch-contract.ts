import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeWake, type WakeState } from '../../shared/core/judge-wake.ts';
import { ClusterError } from '../../shared/ports.ts';
import type { PodBehaviour } from '../world/kubelet/behaviour.ts';
import { bearer } from './cluster-fixture.ts';
import { endpointWatchContract, expiryContract } from './endpoint-watch-contract.ts';
import {
  FULL_NAMESPACE,
  NAMESPACE,
  SETTLES,
  servicePath,
  startWatchFixture,
  type WatchFixture,
  type WatchServer,
  workloadPath,
} from './watch-fixture.ts';

type World = () => WatchFixture;

/** Workloads that get nothing of a kind: each shows it in its own way. */
type Refused = readonly (readonly ['deployment' | 'statefulset', 'pods' | 'replicasets'])[];
const WITHOUT_PODS: Refused = [
  ['deployment', 'pods'],
  ['statefulset', 'pods'],
];

/**
 * What the port `WatchCluster` promises, on any API server.
 * @param refused what the server's controllers tell the refusal of
 */
export function watchContract(
  server: string,
  start: () => Promise<WatchServer>,
  refused: Refused = WITHOUT_PODS,
): void {
  describe(`watch contract on ${server}`, () => {
    let fixture: WatchFixture;
    beforeAll(async () => {
      fixture = await startWatchFixture(start);
    });
    afterAll(() => fixture?.stop());
    const world = () => fixture;
    describe('what belongs to a branch', () => membership(world));
    describe('verdicts', () => verdicts(world));
    describe('pods that count', () => countedPods(world));
    describe('reachable', () => reachability(world));
    describe('no room', () => quotas(world, refused));
    describe('calls', () => calls(world));
    describe('watchEndpoints', () => endpointWatchContract(world));
    describe('history', () => expiryContract(world));
  });
}

function membership(world: World): void {
  it('viewBranch is empty where Kubernetes has nothing', async () => {
    const nothing = { service: 'missing', servingEndpoints: 0, workloads: [] };
    expect(await world().watch.viewBranch('nobody--g')).toEqual(nothing);
  });

  it('viewBranch asks Kubernetes nothing about a name that no Service could bear', async () => {
    const before = world().asked.length;
    const names = ['', 'UPPER--g', '../pods--g', 'a/b--g', 'a.b--g', `${'a'.repeat(61)}--g`, 'a,b--g'];
    for (const name of names) expect(await world().watch.viewBranch(name)).toMatchObject({ workloads: [] });
    expect(world().asked.length).toBe(before);
  });

  it('viewBranch puts the workload of the branch’s name first, and tells its change cause', async () => {
    const annotations = { 'kubernetes.io/change-cause': `deploy <b>1234</b> ${'x'.repeat(400)}` };
    const workloads = [
      { name: 'a-worker', replicas: 0 },
      { replicas: 0, annotations },
      { name: 'b-cache', kind: 'statefulset', replicas: 0 },
    ] as const;
    await world().create({ name: 'many--g', workloads });
    const view = await world().watch.viewBranch('many--g');
    const refs = ['deployment/many--g', 'deployment/a-worker', 'statefulset/b-cache'];
    expect(view.workloads.map(({ ref }) => ref)).toEqual(refs);
    expect(view.workloads[0]).toEqual({ ref: 'deployment/many--g', replicas: 0, pods: [] });
    expect(view.changeCause).toMatch(/^deploy <b>1234<\/b> x+…$/);
    expect(view.changeCause).toHaveLength(300);
  });

  it('viewBranch leaves out the workload of its name when a label gives it to another branch', async () => {
    await world().create({ name: 'lent--g', workloads: [{ replicas: 0 }] });
    const labels = { 'dormouse/branch': 'owner--g' };
    await world().api.patch(workloadPath('deployment/lent--g'), { metadata: { labels } });
    expect(await world().watch.viewBranch('lent--g')).toMatchObject({ workloads: [] });
    const owner = await world().watch.viewBranch('owner--g');
    expect(owner).toMatchObject({ service: 'missing', workloads: [{ ref: 'deployment/lent--g' }] });
  });
}

const HOPELESS = [
  ['image-pull', 'image', /: not found/],
  ['image-never-pull', 'image', /not present with pull policy of Never/],
  ['invalid-image-name', 'image', /couldn't parse image name/],
  ['config-error', 'config', /configmap "settings" not found/],
  ['create-error', 'config', /no command specified/],
] as const;

/** Each needs the time that it names to be over, and is seen until then. */
const WAITING: readonly (readonly [string, PodBehaviour, object])[] = [
  ['a node', { failure: 'unschedulable' }, { step: 'node', detail: expect.stringMatching(/^0\/1 nodes/) }],
  ['its image', { pullMs: 60_000 }, { step: 'image' }],
  ['its start', { startMs: 60_000 }, { step: 'start', detail: 'web' }],
  ['its readiness probe', { failure: 'never-ready' }, { step: 'readiness', detail: 'web' }],
];

function verdicts(world: World): void {
  it.each(HOPELESS)(
    'a pod of %s is hopeless for its %s, with the kubelet’s words',
    async (failure, reason, words) => {
      const name = `${failure}--g`;
      await world().create({ name }, { failure });
      await expect
        .poll(() => world().judge(name), SETTLES)
        .toMatchObject({ state: 'hopeless', reason, detail: expect.stringMatching(words) });
    },
  );

  it('a crash loop is hopeless with its exit code, and over once the application stays up', async () => {
    await world().create({ name: 'crash--g' }, { failure: 'crash-loop', exitCode: 42 });
    const detail = expect.stringMatching(/^container web was restarted \d+ times .* exit code 42$/);
    await expect
      .poll(() => world().judge('crash--g'), SETTLES)
      .toMatchObject({ state: 'hopeless', reason: 'crash-loop', detail });
    world().behave('crash--g', {});
    await expect.poll(() => world().judge('crash--g'), SETTLES).toEqual({ state: 'reachable' });
  });

  it.each(WAITING)('a pod waits for %s', async (what, behaviour, expected) => {
    const name = `${what.replaceAll(' ', '-')}--g`;
    await world().create({ name }, behaviour);
    await expect.poll(() => world().judge(name), SETTLES).toEqual({ state: 'waiting', ...expected });
  });

  it('an init container that crashes and then passes is waited out', async () => {
    const containers = { migrate: { failure: 'crash-loop', crashTimes: 3 } } as const;
    await world().create({ name: 'init--g', workloads: [{ initContainers: ['migrate'] }] }, { containers });
    const seen: WakeState[] = [];
    await expect
      .poll(async () => seen[seen.push(await world().judge('init--g')) - 1], SETTLES)
      .toEqual({ state: 'reachable' });
    expect(seen).not.toContainEqual(expect.objectContaining({ state: 'hopeless' }));
    expect(seen).toContainEqual({ state: 'waiting', step: 'init', detail: 'migrate (CrashLoopBackOff)' });
  });

  it('an init container that crashes for ever is hopeless', async () => {
    const containers = { migrate: { failure: 'crash-loop' } } as const;
    await world().create(
      { name: 'init-loop--g', workloads: [{ initContainers: ['migrate'] }] },
      { containers },
    );
    await expect
      .poll(() => world().judge('init-loop--g'), SETTLES)
      .toMatchObject({ reason: 'crash-loop', look: expect.stringContaining(' -c migrate --previous') });
  });

  it('a sidecar that crashes for ever is hopeless', async () => {
    const containers = { proxy: { failure: 'crash-loop' } } as const;
    await world().create({ name: 'sidecar--g', workloads: [{ replicas: 0 }] }, { containers });
    const initContainers = [{ name: 'proxy', image: 'registry.example/proxy:1', restartPolicy: 'Always' }];
    const spec = { replicas: 1, template: { spec: { initContainers } } };
    await world().api.patch(workloadPath('deployment/sidecar--g'), { spec });
    await expect
      .poll(() => world().judge('sidecar--g'), SETTLES)
      .toMatchObject({ reason: 'crash-loop', detail: expect.stringContaining('container proxy ') });
  });

  it('a pod of a StatefulSet is judged like any other', async () => {
    const workloads = [{ kind: 'statefulset' }] as const;
    await world().create({ name: 'set--g', workloads }, { failure: 'image-pull' });
    await expect
      .poll(() => world().judge('set--g'), SETTLES)
      .toMatchObject({ state: 'hopeless', reason: 'image' });
    const view = await world().watch.viewBranch('set--g');
    expect(view.workloads).toMatchObject([{ ref: 'statefulset/set--g', pods: [{ name: 'set--g-0' }] }]);
  });
}

function countedPods(world: World): void {
  const podNames = async (branch: string) => {
    const { workloads } = await world().watch.viewBranch(branch);
    return workloads[0]?.pods.map(({ name }) => name) ?? [];
  };
  const deploy = (ref: string, image: string) => {
    const spec = { template: { spec: { containers: [{ name: 'web', image }] } } };
    return world().api.patch(workloadPath(ref), { spec });
  };

  it.each(['deployment', 'statefulset'] as const)(
    'a pod of an older revision of a %s does not count',
    async (kind) => {
      const name = `old-${kind}--g`;
      await world().create({ name, workloads: [{ kind }] }, { failure: 'crash-loop' });
      await expect.poll(() => world().judge(name), SETTLES).toMatchObject({ reason: 'crash-loop' });
      const [old] = await world().pods(name);
      world().behave(`registry.example/${kind}:2`, { startMs: 60_000 });
      await deploy(`${kind}/${name}`, `registry.example/${kind}:2`);
      // A StatefulSet does not replace a pod that never was ready: nobody is left who counts.
      const expected = kind === 'deployment' ? { step: 'start', detail: 'web' } : { step: 'pod' };
      await expect.poll(() => world().judge(name), SETTLES).toEqual({ state: 'waiting', ...expected });
      expect((await world().pods(name)).map(({ metadata }) => metadata.name)).toContain(old?.metadata.name);
      expect(await podNames(name)).not.toContain(old?.metadata.name);
    },
  );

  it('a pod that was evicted does not count', async () => {
    await world().create({ name: 'evicted--g' }, { failure: 'never-ready' });
    await expect.poll(() => world().judge('evicted--g'), SETTLES).toMatchObject({ step: 'readiness' });
    const [evicted = ''] = await podNames('evicted--g');
    const status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
    await world().api.patch(`/api/v1/namespaces/${NAMESPACE}/pods/${evicted}/status`, { status });
    await expect.poll(() => podNames('evicted--g'), SETTLES).toEqual([expect.not.stringContaining(evicted)]);
    expect((await world().pods('evicted--g')).map(({ metadata }) => metadata.name)).toContain(evicted);
  });

  it('a pod that is being deleted does not count', async () => {
    await world().create(
      { name: 'leaving--g', workloads: [{ preStopSeconds: 20 }] },
      { failure: 'never-ready' },
    );
    await expect.poll(() => world().judge('leaving--g'), SETTLES).toMatchObject({ step: 'readiness' });
    const [leaving = ''] = await podNames('leaving--g');
    await world().api.delete(`/api/v1/namespaces/${NAMESPACE}/pods/${leaving}`);
    await expect.poll(() => podNames('leaving--g'), SETTLES).toEqual([expect.not.stringContaining(leaving)]);
    expect((await world().pods('leaving--g')).map(({ metadata }) => metadata.name)).toContain(leaving);
  });
}

function reachability(world: World): void {
  it('a branch is reachable once a pod of its Service is Ready', async () => {
    await world().create({ name: 'ready--g', workloads: [{ replicas: 2 }] });
    await expect.poll(() => world().judge('ready--g'), SETTLES).toEqual({ state: 'reachable' });
    await expect
      .poll(() => world().watch.viewBranch('ready--g'), SETTLES)
      .toMatchObject({ service: 'with-endpoints', servingEndpoints: 2, workloads: [{ replicas: 2 }] });
  });

  it('a branch without Service is hopeless once its pod is Ready', async () => {
    await world().create({ name: 'unserved--g' });
    await world().api.delete(servicePath('unserved--g'));
    await expect
      .poll(() => world().judge('unserved--g'), SETTLES)
      .toMatchObject({ state: 'hopeless', reason: 'no-service' });
  });

  it('a branch whose Service has no selector is reachable once its pod is Ready', async () => {
    await world().create({ name: 'selectorless--g', workloads: [{ replicas: 0 }] });
    await world().api.patch(servicePath('selectorless--g'), { spec: { selector: null } });
    const asleep = { service: 'without-selector', servingEndpoints: 0 };
    expect(await world().watch.viewBranch('selectorless--g')).toMatchObject(asleep);
    expect(await world().judge('selectorless--g')).toEqual({ state: 'waiting', step: 'pod' });
    await world().scale('deployment/selectorless--g', 1);
    await expect.poll(() => world().judge('selectorless--g'), SETTLES).toEqual({ state: 'reachable' });
  });

  it('a headless branch is reachable on its pods’ own port, and on no other', async () => {
    await world().create({ name: 'headless--g', isHeadless: true });
    await expect.poll(() => world().judge('headless--g'), SETTLES).toEqual({ state: 'reachable' });
    const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
    await world().api.patch(servicePath('headless--g'), { spec: { ports } });
    const state = { state: 'waiting', step: 'endpoints' };
    await expect.poll(() => world().judge('headless--g'), SETTLES).toEqual(state);
  });

  it('a branch whose pods lack the port that its Service names is not reachable', async () => {
    await world().create({ name: 'portless--g', workloads: [{ replicas: 0 }] });
    const ports = [{ name: 'http', port: 80, targetPort: 'web' }];
    await world().api.patch(servicePath('portless--g'), { spec: { ports } });
    await world().scale('deployment/portless--g', 1);
    const state = { state: 'waiting', step: 'endpoints' };
    await expect.poll(() => world().judge('portless--g'), SETTLES).toEqual(state);
    await expect.poll(() => readEndpoints(world(), 'portless--g'), SETTLES).toBe(1);
    expect(await world().judge('portless--g')).toEqual(state);
  });
}

async function readEndpoints({ api }: WatchFixture, service: string): Promise<number> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
  const { items } = await api.get<{ items: readonly { endpoints: readonly unknown[] | null }[] }>(
    `${path}?labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${service}`)}`,
  );
  return items.flatMap(({ endpoints }) => endpoints ?? []).length;
}

function quotas(world: World, refused: Refused): void {
  it.each(refused)(
    'a %s that gets no %s is hopeless for its quota, and starts once there is room',
    async (kind, resource) => {
      const name = `no-${resource}-${kind}--g`;
      const allow = await world().server.refuse(FULL_NAMESPACE, resource);
      await world().create({ namespace: FULL_NAMESPACE, name, workloads: [{ kind }] });
      const view = () => world().watchFull.viewBranch(name);
      const createFailure = expect.stringMatching(/is forbidden: exceeded quota/);
      await expect.poll(view, SETTLES).toMatchObject({ workloads: [{ pods: [], createFailure }] });
      const verdict = { state: 'hopeless', reason: 'quota', look: `kubectl describe ${kind}/${name}` };
      expect(judgeWake(name, await view())).toMatchObject(verdict);
      await allow();
      await world().api.patch(workloadPath(`${kind}/${name}`, FULL_NAMESPACE), {
        metadata: { annotations: { 'example.com/try': 'again' } },
      });
      await expect.poll(view, SETTLES).toMatchObject({ servingEndpoints: 1 });
    },
  );
}

const FIRST_CALLS = ['deployments', 'statefulsets', 'endpointslices'];

function calls(world: World): void {
  const callsOf = async (branch: string) => {
    world().asked.length = 0;
    await world().watch.viewBranch(branch);
    return world().asked.toSorted();
  };
  /** The Service and the two possible workloads are asked for by the branch's name. */
  const first = (branch: string) => [...FIRST_CALLS, branch, branch, branch];

  it('viewBranch asks for no pods of a branch that sleeps or is served', async () => {
    await world().create({ name: 'six--g', workloads: [{ replicas: 0 }] });
    expect(await callsOf('six--g')).toEqual(first('six--g').toSorted());
    await world().scale('deployment/six--g', 1);
    await expect.poll(() => world().judge('six--g'), SETTLES).toEqual({ state: 'reachable' });
    expect(await callsOf('six--g')).toEqual(first('six--g').toSorted());
  });

  it('viewBranch reads events only where nothing else tells', async () => {
    await world().create({ name: 'nine--g' }, { pullMs: 1_000, failure: 'never-ready' });
    await expect.poll(() => world().judge('nine--g'), SETTLES).toMatchObject({ step: 'image' });
    const more = ['pods', 'replicasets'];
    expect(await callsOf('nine--g')).toEqual([...first('nine--g'), ...more, 'events'].toSorted());
    await expect.poll(() => world().judge('nine--g'), SETTLES).toMatchObject({ step: 'readiness' });
    expect(await callsOf('nine--g')).toEqual([...first('nine--g'), ...more].toSorted());
  });

  it('viewBranch of a user without rights is a ClusterError that says which', async () => {
    const stranger = world().watchAs(bearer(world().server.tokens.stranger));
    const viewed = stranger.viewBranch('any--g');
    await expect(viewed).rejects.toBeInstanceOf(ClusterError);
    await expect(viewed).rejects.toThrow(/may not (get|list) \w+ in namespace watch: /);
  });
}
