import { setTimeout as delay } from 'node:timers/promises';
import { createFirestoreStore } from '../../../shared/adapters/firestore/firestore-store.ts';
import { createRestTransport, type RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import type { SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import { beat, putRecords, SWEEP_STORE } from '../../bench/sweep/sweep-store.ts';
import { createNamespace } from '../../world/branch-manifests.ts';
import { startControlPlane } from '../../world/control-plane.ts';
import { startFirestoreEmulator } from '../../world/firestore-emulator.ts';
import { createKubernetesApi, type KubernetesApi } from '../../world/kubernetes-api.ts';
import { createManyBranches, manyBranches } from '../../world/many-branches.ts';
import { createSweeper, sweepThrough } from './sweeper.ts';

export type RealScaleOptions = {
  readonly branches: number;
  /** How many sweeps it shall take at least: each has time for its share. */
  readonly sweeps: number;
  readonly parts: { readonly gcloud: string; readonly controlPlane: string };
};

export type RealScale = {
  readonly summaries: readonly SweepSummary[];
  /** What was worked on, in that order. */
  readonly worked: readonly string[];
  /** Workloads that are at 0 at the end. */
  readonly atZero: number;
  /** Of the sweep after the last, which has nothing to do. */
  readonly steady: SweepSummary;
  readonly createdMs: number;
  readonly sweptMs: number;
};

type Workloads = { readonly items: readonly { readonly spec: { readonly replicas: number } }[] };

/** What is created on a real API server is new: it is idle once it is older than this. */
const IDLE_AFTER_MS = 1_000;
/** Few: the emulator writes slowly on a busy machine, and a claim whose answer is late is none. */
const BATCH_SIZE = 5;

/**
 * Puts as many idle branches to sleep, of two workloads each, on a real API server and Google's emulator, in several
 * sweeps. No controllers run: each would make pods that nobody starts, and a rollout that does not end is kept.
 */
export async function sweepRealCluster(options: RealScaleOptions): Promise<RealScale> {
  await using open = new AsyncDisposableStack();
  const { branches: count, sweeps, parts } = options;
  const [controlPlane, firestore] = await Promise.all([
    startControlPlane({ assets: parts.controlPlane, withControllers: false }),
    startFirestoreEmulator({ gcloud: parts.gcloud }),
  ]);
  open.defer(controlPlane.stop);
  open.defer(firestore.stop);
  const server = controlPlane.server();
  const api = open.adopt(createKubernetesApi(server), (opened) => opened.close());
  const kubernetes = openTransport(server.url, { ...server.headers }, server.ca);
  const records = openTransport(`http://${firestore.host}`, { Authorization: 'Bearer owner' });
  open.defer(kubernetes.close);
  open.defer(records.close);
  const createdMs = await timed(() => prepare(api, firestore.host, count));
  await delay(IDLE_AFTER_MS + 1_000); // Kubernetes tells whole seconds
  const sweeper = createSweeper({
    transport: kubernetes,
    namespace: SWEEP_STORE.namespace,
    store: createFirestoreStore({ transport: records, ...storeOf() }),
    batchSize: BATCH_SIZE,
    batches: Math.ceil(count / sweeps / BATCH_SIZE),
    idleAfterMs: IDLE_AFTER_MS,
  });
  let summaries: readonly SweepSummary[] = [];
  const sweptMs = await timed(async () => {
    summaries = await sweepThrough(sweeper, sweeps + 1);
  });
  const worked = [...sweeper.worked];
  const steady = await sweeper.sweep();
  return { summaries, worked, steady, atZero: await countAtZero(api), createdMs, sweptMs };
}

async function prepare(api: KubernetesApi, host: string, count: number): Promise<void> {
  const branches = manyBranches(0, count).map(({ name }) => ({ name, state: 'idle' }) as const);
  await createNamespace(api, SWEEP_STORE.namespace);
  await createManyBranches(api, SWEEP_STORE.namespace, branches);
  await putRecords(host, branches);
  await beat(host);
}

function storeOf() {
  const { project: projectId, database: databaseId, cluster, namespace } = SWEEP_STORE;
  return { projectId, databaseId, cluster, namespace };
}

function openTransport(
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
  ca?: string,
): RestTransport {
  const tls = ca === undefined ? undefined : { ca };
  const authorize = async () => headers;
  return createRestTransport({ baseUrl, authorize, tls, now: Date.now, random: Math.random });
}

async function countAtZero(api: KubernetesApi): Promise<number> {
  const lists = await Promise.all(
    ['deployments', 'statefulsets'].map((plural) =>
      api.get<Workloads>(`/apis/apps/v1/namespaces/${SWEEP_STORE.namespace}/${plural}`),
    ),
  );
  return lists.flatMap(({ items }) => items).filter(({ spec }) => spec.replicas === 0).length;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return Math.round(performance.now() - startMs);
}
