import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import { openSqliteDocuments } from '../../../shared/adapters/sqlite/sqlite-documents.ts';
import { createSqliteStore } from '../../../shared/adapters/sqlite/sqlite-store.ts';
import { createNamespace } from '../../world/branch-manifests.ts';
import type { ObservedCall } from '../../world/embedded-kubernetes/serve-request.ts';
import { startEmbeddedKubernetes } from '../../world/embedded-kubernetes/start.ts';
import { createKubernetesApi } from '../../world/kubernetes-api.ts';
import { createManyBranches, documentOf, type ManyBranch, manyBranches } from '../../world/many-branches.ts';
import { countInFlight } from './count-in-flight.ts';
import { createSweeper, sweepThrough } from './sweeper.ts';

const NAMESPACE = 'staging';
const BRANCHES = 1_000;
/** One in ten was visited while it slept. */
const VISITED_ONE_IN = 10;
const WORKLOADS_PER_BRANCH = 2;
const BATCH_SIZE = 20;
const BATCHES_PER_SWEEP = 20;
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** Of one pool of connections. */
const MAX_CONNECTIONS = 32;

const branches: readonly ManyBranch[] = manyBranches(0, BRANCHES).map(({ name }, index) => ({
  name,
  state: index % VISITED_ONE_IN === 0 ? 'visited' : 'idle',
}));
const namesOf = (state: ManyBranch['state']) =>
  branches.filter((branch) => branch.state === state).map(({ name }) => name);

describe('a sweep of 1,000 branches that has time for 400', () => {
  const open = new AsyncDisposableStack();
  const scaled: ObservedCall[] = [];
  let world: Awaited<ReturnType<typeof startWorld>>;

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => open.disposeAsync());

  async function startWorld() {
    const folder = open.adopt(mkdtempSync(path.join(tmpdir(), 'dormouse-scale-')), (made) =>
      rmSync(made, { recursive: true }),
    );
    const observe = (call: ObservedCall) => {
      if (call.subresource === 'scale') scaled.push(call);
    };
    const now = () => Date.now() - WEEK_MS;
    const kubernetes = await startEmbeddedKubernetes({ controllers: false, now, observe });
    open.defer(kubernetes.stop);
    const api = open.adopt(createKubernetesApi(kubernetes), (opened) => opened.close());
    await createNamespace(api, NAMESPACE);
    await createManyBranches(api, NAMESPACE, branches);
    const file = path.join(folder, 'store.sqlite');
    putRecords(file);
    const scope = { cluster: 'scale', namespace: NAMESPACE };
    const store = open.adopt(createSqliteStore({ file, ...scope }), (opened) => opened.close());
    const transport = open.adopt(
      createRestTransport({
        baseUrl: kubernetes.url,
        authorize: async () => ({}),
        now: Date.now,
        random: Math.random,
      }),
      (opened) => opened.close(),
    );
    // A real one thinks for a moment, in which others may ask.
    kubernetes.faults.add({ verb: 'patch', times: Number.POSITIVE_INFINITY, effect: { delayMs: 5 } });
    const inFlight = open.adopt(countInFlight(kubernetes.url), (counting) => counting.stop());
    const sweeper = createSweeper({
      transport,
      namespace: NAMESPACE,
      store,
      batchSize: BATCH_SIZE,
      batches: BATCHES_PER_SWEEP,
      idleAfterMs: HOUR_MS,
    });
    return { ...sweeper, store, inFlight };
  }

  function putRecords(file: string): void {
    const documents = openSqliteDocuments(file);
    for (const branch of branches) {
      const id = `scale.${NAMESPACE}.${branch.name}`;
      documents.insert({ collection: 'branches', id }, documentOf(branch, Date.now()));
    }
    documents.close();
  }

  test('stops, and the next ones go on, until all idle ones sleep and all visited ones are awake', async () => {
    const perSweep = BATCHES_PER_SWEEP * BATCH_SIZE;
    const summaries = await sweepThrough(world, 5);
    expect(summaries.map(({ stopped }) => stopped)).toEqual([
      { done: perSweep, remaining: BRANCHES - perSweep },
      // Those that were woken have a claim to end: the first hundred of the second sweep.
      { done: perSweep, remaining: BRANCHES - 2 * perSweep + namesOf('visited').length },
      false,
    ]);
    expect(summaries[0]).toMatchObject({ healed: namesOf('visited').length, failed: 0 });
    expect(summaries.reduce((sum, { slept }) => sum + slept, 0)).toBe(namesOf('idle').length);
  });

  test('worked on the visited ones first, and on no other one twice', () => {
    const visited = namesOf('visited');
    expect(world.worked.slice(0, visited.length).toSorted()).toEqual(visited);
    const others = world.worked.filter((name) => !visited.includes(name));
    expect(others.toSorted()).toEqual(namesOf('idle'));
  });

  test('scaled each workload once', () => {
    const names = scaled.map(({ resource, name }) => `${resource.plural}/${name}`);
    expect(new Set(names).size).toBe(BRANCHES * WORKLOADS_PER_BRANCH);
    expect(names).toHaveLength(BRANCHES * WORKLOADS_PER_BRANCH);
  });

  test('asked Kubernetes no more at once than its connections are, whatever there is to do', () => {
    expect(world.inFlight.most()).toBeGreaterThanOrEqual(BATCH_SIZE / 2);
    expect(world.inFlight.most()).toBeLessThanOrEqual(MAX_CONNECTIONS);
    expect(world.inFlight.mostConnections()).toBeLessThanOrEqual(MAX_CONNECTIONS);
  });

  test('left no place behind, and the next sweep changes nothing', async () => {
    expect(await world.store.readSweepPlace()).toEqual({});
    const before = [scaled.length, world.worked.length, await world.store.readAll()] as const;
    expect(await world.sweep()).toMatchObject({ slept: 0, healed: 0, failed: 0, stopped: false });
    const { records } = await world.store.readAll();
    expect([scaled.length, world.worked.length, records]).toEqual([before[0], before[1], before[2].records]);
  });
});
