import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObservedCall } from '../world/embedded-kubernetes/serve-request.ts';
import { type EmbeddedKubernetes, startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { createKubernetesApi, type KubernetesApi } from '../world/kubernetes-api.ts';
import type { KubernetesObject } from '../world/kubernetes-objects.ts';
import { type ObjectWatch, watchObjects } from '../world/watch-objects.ts';
import { createWireClient, type WireClient } from './wire-fixture.ts';

describe('the embedded Kubernetes', () => {
  let kubernetes: EmbeddedKubernetes;
  let client: WireClient;
  let api: KubernetesApi;
  let calls: ObservedCall[];
  let watches: ObjectWatch<KubernetesObject>[];

  const add = (name: string) => client({ method: 'POST', path: SERVICES, body: service(name) });
  const watchServices = (): ObjectWatch<KubernetesObject> => {
    const watch = watchObjects<KubernetesObject>(api, SERVICES, () => {});
    watches.push(watch);
    return watch;
  };
  const sees = (watch: ObjectWatch<KubernetesObject>, name: string) =>
    until(() => watch.objects().some(({ metadata }) => metadata.name === name));
  const openWatches = () => calls.filter(({ verb }) => verb === 'watch').length;

  beforeEach(async () => {
    calls = [];
    watches = [];
    kubernetes = await startEmbeddedKubernetes({ historyLimit: 3, observe: (call) => void calls.push(call) });
    client = createWireClient(kubernetes);
    api = createKubernetesApi(kubernetes);
  });
  afterEach(async () => {
    for (const watch of watches) watch.stop();
    api.close();
    await kubernetes.stop();
  });

  test('answers as many calls with a status as a fault says, with its Retry-After', async () => {
    const effect = { status: 429, retryAfterSeconds: 7 };
    const fault = kubernetes.faults.add({ verb: 'list', resource: 'services', times: 2, effect });
    const list = () => client({ method: 'GET', path: SERVICES });
    const answers = [await list(), await list(), await list()];
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers['retry-after']).toBe('7');
    expect(answers[0]?.body).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', code: 429 });
    expect(fault.met()).toBe(2);
  });

  test('leaves calls alone that a fault is not about, and all once it is cleared', async () => {
    kubernetes.faults.add({ verb: ['create', 'delete'], name: 'other', times: 9, effect: { status: 500 } });
    expect((await add('web')).status).toBe(201);
    kubernetes.faults.add({ namespace: 'default', times: 9, effect: { status: 503 } });
    expect((await client({ method: 'GET', path: `${SERVICES}/web` })).status).toBe(503);
    kubernetes.faults.clear();
    expect((await client({ method: 'GET', path: `${SERVICES}/web` })).status).toBe(200);
  });

  test('cuts a call before it takes effect', async () => {
    kubernetes.faults.add({ verb: 'create', effect: { cut: 'before' } });
    await expect(add('web')).rejects.toThrow('socket hang up');
    expect((await client({ method: 'GET', path: `${SERVICES}/web` })).status).toBe(404);
  });

  test('loses the answer of a call that took effect', async () => {
    kubernetes.faults.add({ verb: 'create', effect: { cut: 'after' } });
    await expect(add('web')).rejects.toThrow('socket hang up');
    expect((await client({ method: 'GET', path: `${SERVICES}/web` })).status).toBe(200);
  });

  test.for([
    ['before', 404],
    ['after', 200],
  ] as const)('holds a call back %s it takes effect', async ([when, statusMeanwhile]) => {
    kubernetes.faults.add({ verb: 'create', effect: { delayMs: 300, when } });
    const created = add('web');
    await until(() => calls.length > 0 || when === 'before');
    await delay(100);
    expect((await client({ method: 'GET', path: `${SERVICES}/web` })).status).toBe(statusMeanwhile);
    expect((await created).status).toBe(201);
  });

  test('refuses creations as a quota does, until it no longer does', async () => {
    const refusal = kubernetes.faults.refuseCreation('services', 'exceeded quota: few');
    const { status, body } = await add('web');
    expect({ status, message: body.message }).toEqual({
      status: 403,
      message: 'services "web" is forbidden: exceeded quota: few',
    });
    refusal.remove();
    expect((await add('web')).status).toBe(201);
  });

  test('has watches that begin anew after they were cut', async () => {
    const watch = watchServices();
    await until(() => openWatches() === 1);
    kubernetes.faults.cutWatches();
    await add('web');
    await sees(watch, 'web');
    expect(openWatches()).toBeGreaterThan(1);
  });

  test('has watches that are silent, while later ones are not', async () => {
    const deaf = watchServices();
    await until(() => openWatches() === 1);
    kubernetes.faults.silenceWatches();
    const hearing = watchServices();
    await until(() => openWatches() === 2);
    await add('web');
    await sees(hearing, 'web');
    expect(deaf.objects()).toEqual([]);
  });

  test.for(['by itself', 'when told'])(
    'forgets %s what was long ago: a watch from then gets 410',
    async (how) => {
      const { body } = await client({ method: 'GET', path: SERVICES });
      if (how === 'when told') kubernetes.faults.forgetHistory();
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await add(name);
      const since =
        how === 'when told' ? Number(body.metadata.resourceVersion) - 1 : body.metadata.resourceVersion;
      const path = `${SERVICES}?watch=1&timeoutSeconds=1&resourceVersion=${since}`;
      const answer = await client({ method: 'GET', path });
      expect(answer.body).toMatchObject({
        type: 'ERROR',
        object: { kind: 'Status', code: 410, reason: 'Expired' },
      });
    },
  );

  test('ends a watch at its time, with a bookmark of the latest version', async () => {
    const { body } = await add('web');
    const query = `watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${body.metadata.resourceVersion}`;
    const pending = client({ method: 'GET', path: `${SERVICES}?${query}` });
    await client({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'node-1' } } });
    const bookmark = (await pending).body;
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Service' } });
    const version = Number(bookmark.object.metadata.resourceVersion);
    expect(version).toBeGreaterThan(Number(body.metadata.resourceVersion));
  });

  test('tells of each call who made it, what it was, and how it ended', async () => {
    await client({ method: 'GET', path: '/apis/apps/v1/namespaces/default/deployments/missing/scale' });
    const [call] = calls;
    expect(call).toMatchObject({
      verb: 'get',
      subresource: 'scale',
      name: 'missing',
      user: 'admin',
      status: 404,
    });
    expect(call?.resource.plural).toBe('deployments');
  });

  test('refuses what it does not do: server-side apply, a body that is too large', async () => {
    const apply = { body: service('web'), contentType: 'application/apply-patch+yaml' };
    const path = `${SERVICES}/web`;
    expect((await client({ method: 'PATCH', path: `${path}?fieldManager=x`, ...apply })).status).toBe(415);
    const large = { ...service('web'), padding: 'x'.repeat(4 * 1024 * 1024) };
    expect((await client({ method: 'POST', path: SERVICES, body: large })).status).toBe(413);
  });

  test('lists more than a thousand objects in pages, each once and in order', async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => `branch-${index}`);
    await Promise.all(names.map((name) => api.create(SERVICES, service(name))));
    const listed: string[] = [];
    let position = '';
    do {
      const { body } = await client({ method: 'GET', path: `${SERVICES}?limit=500&continue=${position}` });
      listed.push(...body.items.map(({ metadata }: KubernetesObject) => metadata.name));
      position = body.metadata.continue ?? '';
    } while (position !== '');
    expect(listed).toEqual(names.toSorted());
  });
});

const SERVICES = '/api/v1/namespaces/default/services';
const SETTLES_WITHIN_MS = 5_000;

function service(name: string): object {
  return { metadata: { name }, spec: { ports: [{ port: 80 }] } };
}

async function until(holds: () => boolean): Promise<void> {
  const endsAtMs = performance.now() + SETTLES_WITHIN_MS;
  while (!holds()) {
    if (performance.now() > endsAtMs) throw new Error(`not within ${SETTLES_WITHIN_MS} ms`);
    await delay(5);
  }
}
