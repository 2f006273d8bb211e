import { expect, it, onTestFinished } from 'vitest';
import type { RestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { ClusterError, type WatchCluster } from '../../shared/ports.ts';
import type { FaultyLink } from '../world/faulty-link/faulty-link.ts';
import { bearer } from './cluster-fixture.ts';
import { SETTLES, servicePath, type WatchFixture } from './watch-fixture.ts';

type World = () => WatchFixture;

/** One call of `watchEndpoints`: what it told, and how it ended. */
type Followed = {
  readonly told: readonly number[];
  readonly ended: Promise<void>;
  readonly hasEnded: () => boolean;
  readonly abort: () => void;
};

function follow(watch: WatchCluster, branch: string): Followed {
  const told: number[] = [];
  const aborting = new AbortController();
  let hasEnded = false;
  const ended = watch
    .watchEndpoints(branch, (serving) => void told.push(serving), aborting.signal)
    .finally(() => {
      hasEnded = true;
    });
  ended.catch(() => {}); // a test that expects it looks for itself
  const abort = () => aborting.abort();
  onTestFinished(abort);
  return { told, ended, hasEnded: () => hasEnded, abort };
}

/** What `watchEndpoints` promises. */
export function endpointWatchContract(world: World): void {
  endings(world);
  refusals(world);

  it('tells 0, then 1 when the branch is up, then 0 when it sleeps again', async () => {
    await world().create({ name: 'up-down--g', workloads: [{ replicas: 0 }] }, { readyMs: 200 });
    const followed = follow(world().watch, 'up-down--g');
    await expect.poll(() => followed.told, SETTLES).toEqual([0]);
    await world().scale('deployment/up-down--g', 1);
    await expect.poll(() => followed.told, SETTLES).toEqual([0, 1]);
    await world().scale('deployment/up-down--g', 0);
    await expect.poll(() => followed.told, SETTLES).toEqual([0, 1, 0]);
    expect(followed.hasEnded()).toBe(false);
  });

  it('tells at its start that a branch is up already, and hears nothing of others', async () => {
    await world().create({ name: 'is-up--g', workloads: [{ replicas: 2 }] });
    await expect
      .poll(() => world().watch.viewBranch('is-up--g'), SETTLES)
      .toMatchObject({ servingEndpoints: 2 });
    const followed = follow(world().watch, 'is-up--g');
    await expect.poll(() => followed.told, SETTLES).toEqual([2]);
    await world().create({ name: 'other--g' });
    await expect.poll(() => world().judge('other--g'), SETTLES).toEqual({ state: 'reachable' });
    await world().scale('deployment/is-up--g', 1);
    await expect.poll(() => followed.told, SETTLES).toEqual([2, 1]);
  });

  it('does not count the pods of a headless branch on another port, nor those of a Service without selector', async () => {
    const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
    for (const [name, spec] of [
      ['wrong-port--g', { clusterIP: 'None', ports }],
      ['no-selector--g', { selector: null }],
    ] as const) {
      await world().create({ name, isHeadless: name === 'wrong-port--g' });
      await expect.poll(() => world().watch.viewBranch(name), SETTLES).toMatchObject({ servingEndpoints: 1 });
      await world().api.patch(servicePath(name), { spec });
      const followed = follow(world().watch, name);
      await expect.poll(() => followed.told, SETTLES).toEqual([0]);
    }
  });

  it('asks once for the Service, once for its slices, and opens one watch', async () => {
    await world().create({ name: 'one-watch--g', workloads: [{ replicas: 0 }] });
    const proxy = await world().startProxy();
    const followed = follow(world().watchThrough(proxy), 'one-watch--g');
    await expect.poll(() => watches(proxy), SETTLES).toMatchObject([{ status: 200 }]);
    await world().scale('deployment/one-watch--g', 1);
    await expect.poll(() => followed.told, SETTLES).toEqual([0, 1]);
    expect(proxy.requests.map(({ method, status }) => `${method} ${status}`)).toEqual(
      Array(3).fill('GET 200'),
    );
    expect(watches(proxy)).toHaveLength(1);
  });

  it('asks Kubernetes nothing about a name that no Service could bear', async () => {
    const before = world().asked.length;
    await follow(world().watch, 'a,b--g').ended;
    expect(world().asked.length).toBe(before);
  });
}

/** Last: the API server may be another one afterwards. */
export function expiryContract(world: World): void {
  it('watchEndpoints resolves when the position of its list is too old', async () => {
    await world().create({ name: 'too-old--g', workloads: [{ replicas: 0 }] });
    await world().server.forgetHistory();
    const wrap = (transport: RestTransport): RestTransport => ({
      ...transport,
      stream: (request) =>
        transport.stream({ ...request, query: { ...request.query, resourceVersion: '1' } }),
    });
    const followed = follow(world().watchAs(bearer(world().server.tokens.dormouse), wrap), 'too-old--g');
    await followed.ended;
    expect(followed.told).toEqual([0]);
  });
}

function endings(world: World): void {
  it('resolves when the connection breaks', async () => {
    await world().create({ name: 'cut--g', workloads: [{ replicas: 0 }] });
    const proxy = await world().startProxy();
    const followed = follow(world().watchThrough(proxy), 'cut--g');
    await expect.poll(() => watches(proxy), SETTLES).toMatchObject([{ status: 200 }]);
    expect(followed.hasEnded()).toBe(false);
    proxy.cut();
    await followed.ended;
    expect(followed.told).toEqual([0]);
  });

  it('resolves at once when it is aborted, tells nothing more, and leaves no connection', async () => {
    await world().create({ name: 'abort--g', workloads: [{ replicas: 0 }] });
    const proxy = await world().startProxy();
    const followed = follow(world().watchThrough(proxy), 'abort--g');
    await expect.poll(() => watches(proxy), SETTLES).toMatchObject([{ status: 200 }]);
    expect(proxy.busyConnections()).toBe(1);
    const startMs = performance.now();
    followed.abort();
    await followed.ended;
    expect(performance.now() - startMs).toBeLessThan(100);
    await expect.poll(proxy.busyConnections, SETTLES).toBe(0);
    await world().scale('deployment/abort--g', 1);
    await expect.poll(() => world().judge('abort--g'), SETTLES).toEqual({ state: 'reachable' });
    expect(followed.told).toEqual([0]);
  });

  it('resolves at once when it is aborted before Kubernetes has answered', async () => {
    const silent = { send: () => new Promise<never>(() => {}) };
    const wrap = (transport: RestTransport) => ({ ...transport, ...silent });
    const followed = follow(world().watchAs(bearer('any'), wrap), 'any--g');
    followed.abort();
    await followed.ended;
    expect(followed.told).toEqual([]);
  });
}

function refusals(world: World): void {
  it('renews credentials that the watch is refused with', async () => {
    await world().create({ name: 'renewed--g', workloads: [{ replicas: 0 }] });
    const proxy = await world().startProxy();
    const { dormouse } = world().server.tokens;
    let asked = 0;
    const watch = world().watchThrough(proxy, ({ renew }) => {
      asked += 1;
      return bearer(asked === 3 && !renew ? 'expired' : dormouse)({ renew }); // the third call is the watch
    });
    const followed = follow(watch, 'renewed--g');
    await expect.poll(() => watches(proxy), SETTLES).toMatchObject([{ status: 401 }, { status: 200 }]);
    await world().scale('deployment/renewed--g', 1);
    await expect.poll(() => followed.told, SETTLES).toEqual([0, 1]);
  });

  it('rejects with a ClusterError when it stays refused', async () => {
    const stranger = follow(world().watchAs(bearer(world().server.tokens.stranger)), 'any--g');
    await expect(stranger.ended).rejects.toBeInstanceOf(ClusterError);
    await expect(stranger.ended).rejects.toThrow(/may not (get|list) \w+ in namespace watch: /);
    const forged = follow(world().watchAs(bearer('wrong')), 'any--g');
    await expect(forged.ended).rejects.toThrow(/could not \w+ .* in namespace watch: 401/);
  });
}

function watches({ requests }: FaultyLink) {
  return requests.filter(({ url }) => url.includes('watch=true'));
}
