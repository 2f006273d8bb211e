import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createGkeCluster } from '../../shared/adapters/kubernetes/gke-cluster.ts';
import { createRestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { type Cluster, ClusterError } from '../../shared/ports.ts';
import {
  type ArrivedRequest,
  type Reaction,
  type ScriptedServer,
  startScriptedServer,
} from '../world/scripted-server.ts';

const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0)) await clean();
});

async function setUp(
  react: (request: ArrivedRequest) => Reaction,
): Promise<{ cluster: Cluster; server: ScriptedServer }> {
  const server = await startScriptedServer(react);
  const transport = createRestTransport({
    baseUrl: server.url,
    authorize: async () => ({}),
    now: Date.now,
    random: () => 0,
    timeoutMs: 5_000,
  });
  cleanUp.push(transport.close, server.close);
  return { cluster: createGkeCluster({ transport, namespace: 'staging' }), server };
}

function refusal(code: number, reason: string): Reaction {
  return { status: code, body: JSON.stringify({ kind: 'Status', code, reason, message: `${reason}!` }) };
}

function page(position: string): Reaction {
  return {
    body: JSON.stringify({ items: [], metadata: { continue: position } }),
    headers: { 'content-type': 'application/json' },
  };
}

test('raise sends a JSON patch of the scale that says "still at 0"', async () => {
  const { cluster, server } = await setUp(() => ({}));
  expect(await cluster.raise('deployment/web--g', 2)).toBe('raised');
  const [request] = server.arrived;
  expect(request).toMatchObject({
    method: 'PATCH',
    url: '/apis/apps/v1/namespaces/staging/deployments/web--g/scale?fieldManager=dormouse',
  });
  expect(request?.headers['content-type']).toBe('application/json-patch+json');
  expect(JSON.parse(request?.body ?? '')).toEqual([
    { op: 'test', path: '/spec', value: {} },
    { op: 'add', path: '/spec/replicas', value: 2 },
  ]);
});

test('lower sends a merge patch of the scale on condition of the resourceVersion', async () => {
  const { cluster, server } = await setUp(() => ({ headers: { 'content-type': 'application/json' } }));
  expect(await cluster.lower('statefulset/db--g', '42')).toBe('lowered');
  const [request] = server.arrived;
  expect(request).toMatchObject({
    method: 'PATCH',
    url: '/apis/apps/v1/namespaces/staging/statefulsets/db--g/scale?fieldManager=dormouse',
  });
  expect(request?.headers['content-type']).toBe('application/merge-patch+json');
  expect(JSON.parse(request?.body ?? '')).toEqual({
    metadata: { resourceVersion: '42' },
    spec: { replicas: 0 },
  });
});

test('listWorkloads asks for pages of 500, and gives up on a list whose position expires three times', async () => {
  const { cluster, server } = await setUp(({ url }) => {
    if (url.includes('statefulsets')) return page('');
    return url.includes('continue=') ? refusal(410, 'Expired') : page('there');
  });
  const listed = cluster.listWorkloads();
  await expect(listed).rejects.toThrow('could not list deployments in namespace staging: 410 Expired!');
  const first = server.arrived.filter(({ url }) => url.endsWith('/deployments?limit=500'));
  expect(first.length).toBe(3);
});

test('listWorkloads gives up on a list without an end', async () => {
  const { cluster } = await setUp(({ url }) => page(url.includes('statefulsets') ? '' : 'again'));
  await expect(cluster.listWorkloads()).rejects.toThrow('the list has more than 1000 pages');
});

const LISTS = [
  ['listBounds', 'horizontalpodautoscalers', '/apis/autoscaling/v2'],
  ['listJobs', 'jobs', '/apis/batch/v1'],
] as const;

test.for(LISTS)(
  '%s asks for pages of 500, and begins a list anew that expired',
  async ([list, plural, api]) => {
    let lists = 0;
    const { cluster, server } = await setUp(({ url }) => {
      if (url.includes('continue=')) return lists === 1 ? refusal(410, 'Expired') : page('');
      lists += 1;
      return page('there');
    });
    expect(await cluster[list]()).toEqual(new Map());
    const first = `${api}/namespaces/staging/${plural}?limit=500`;
    expect(server.arrived.map(({ url }) => url)).toEqual([
      first,
      `${first}&continue=there`,
      first,
      `${first}&continue=there`,
    ]);
  },
);

test.for(LISTS)(
  '%s never gives back a part: not of one that expires again and again',
  async ([list, plural]) => {
    const { cluster } = await setUp(({ url }) =>
      url.includes('continue=') ? refusal(410, 'Expired') : page('there'),
    );
    const why = `could not list ${plural} in namespace staging: the list expired 3 times`;
    await expect(cluster[list]()).rejects.toThrow(why);
  },
);

test.for(LISTS)('%s never gives back a part: not of one without an end', async ([list]) => {
  const { cluster } = await setUp(() => page('again'));
  await expect(cluster[list]()).rejects.toThrow('the list has more than 100 pages');
});

test('removeWorkload sends its preconditions where a DELETE is sure to be read with them', async () => {
  const { cluster, server } = await setUp(() => ({}));
  const condemned = { kind: 'statefulset', name: 'db--g', uid: 'u-1', resourceVersion: '42' } as const;
  expect(await cluster.removeWorkload(condemned)).toBe('removed');
  const [request] = server.arrived;
  const url = '/apis/apps/v1/namespaces/staging/statefulsets/db--g';
  expect(request).toMatchObject({ method: 'DELETE', url });
  expect(Number(request?.headers['content-length'])).toBe(request?.body.length);
  expect(JSON.parse(request?.body ?? '')).toEqual({
    propagationPolicy: 'Background',
    preconditions: { uid: 'u-1', resourceVersion: '42' },
  });
});

test('removeService deletes nothing where it does not know what it read', async () => {
  const { cluster, server } = await setUp(() => ({ body: '{"metadata":{"uid":"u-1"}}' }));
  await expect(cluster.removeService('web--g')).rejects.toThrow('its uid or resourceVersion is missing');
  expect(server.arrived.map(({ method }) => method)).toEqual(['GET']);
});

test('a 404 that is not Kubernetes’ own is an error, not "no such branch"', async () => {
  const { cluster } = await setUp(() => ({ status: 404, body: '<html>Not Found</html>' }));
  await expect(cluster.readWorkload('deployment/a')).rejects.toBeInstanceOf(ClusterError);
  await expect(cluster.readBranch('a--g')).rejects.toBeInstanceOf(ClusterError);
  await expect(cluster.raise('deployment/a', 1)).rejects.toBeInstanceOf(ClusterError);
  await expect(cluster.lower('deployment/a', '1')).rejects.toThrow('could not patch deployments/scale a');
});

test.for(['<html>', '{}', 'null', '{"items":null}'])(
  'an answer that makes no sense, %s, is a ClusterError',
  async (body) => {
    const { cluster } = await setUp(() => ({ body, headers: { 'content-type': 'application/json' } }));
    await expect(cluster.readWorkload('deployment/a')).rejects.toBeInstanceOf(ClusterError);
    await expect(cluster.readBranch('a--g')).rejects.toBeInstanceOf(ClusterError);
    await expect(cluster.listWorkloads()).rejects.toBeInstanceOf(ClusterError);
    await expect(cluster.readInherited()).rejects.toBeInstanceOf(ClusterError);
    await expect(cluster.listBounds()).rejects.toBeInstanceOf(ClusterError);
    await expect(cluster.listJobs()).rejects.toBeInstanceOf(ClusterError);
  },
);

test('an API server that is not there is a ClusterError with its cause', async () => {
  const { cluster } = await setUp(() => 'cut');
  const calls = await Promise.allSettled([
    cluster.readBranch('a--g'),
    cluster.raise('deployment/a', 1),
    cluster.listWorkloads(),
    cluster.lower('deployment/a', '1'),
    cluster.readInherited(),
    cluster.listJobs(),
    cluster.removeService('a--g'),
    cluster.tell({ about: { kind: 'deployment', name: 'a', uid: 'u' }, reason: 'Contested', message: 'm' }),
  ]);
  const reason = { name: 'ClusterError', cause: { name: 'TransportError' } };
  for (const call of calls) expect(call).toMatchObject({ status: 'rejected', reason });
});

test('the touch path does not load client-node', () => {
  const adapters = path.join(import.meta.dirname, '../../shared/adapters');
  const script = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ resolve: (name, context, next) => (seen.push(name), next(name, context)) });
    for (const file of ['kubernetes/kubernetes-visits', 'kubernetes/kubernetes-connection', 'rest/rest-transport', 'rest/google-credentials'])
      await import('${adapters}/' + file + '.ts');
    console.log(JSON.stringify(seen));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  const seen: string[] = JSON.parse(output);
  expect(seen).toContain('google-auth-library');
  expect(seen.filter((name) => name.startsWith('@kubernetes/'))).toEqual([]);
});
