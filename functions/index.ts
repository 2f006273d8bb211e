import { http } from '@google-cloud/functions-framework';
import type { KubernetesConnection } from '../shared/adapters/kubernetes/kubernetes-connection.ts';
import type { Authorize, RestTransport } from '../shared/adapters/rest/rest-transport.ts';
import { type Config, parseConfig } from '../shared/config.ts';
import { createLog } from '../shared/log.ts';
import type { BranchStore, VisitCluster, VisitStore } from '../shared/ports.ts';
import type { Holding, HoldingDependencies } from './holding.ts';

/**
 * The composition root: the only reader of the environment and the only file that chooses real systems. Nothing
 * happens unless `FUNCTION_TARGET` says which function to serve, so that a build may load this file anywhere. What
 * the other function needs is not imported: a cold start is what a visitor feels.
 */

const FIRESTORE_URL = 'https://firestore.googleapis.com';
const FIRESTORE_SCOPE = 'https://www.googleapis.com/auth/datastore';

/** An instance's own clock, epoch ms. It never jumps, so that a claim's age is right whatever NTP does. */
const now = () => Math.round(performance.timeOrigin + performance.now());

/** functions-framework exits at once on SIGTERM. Registered before its own listener, so that nobody who waits is cut. */
const openHolds: Holding[] = [];
process.once('SIGTERM', () => {
  for (const holding of openHolds) holding.releaseAll();
});

/** Refuses to start, with every problem listed, when the environment is wrong. */
async function register(target: string | undefined): Promise<void> {
  if (target === 'wake') await registerWake(parseConfig(process.env));
  if (target === 'sleep') await registerSleep(parseConfig(process.env));
}

async function registerWake(config: Config): Promise<void> {
  const [{ createWakeFunction }, { createTouchRoute }, { createTouch }, { createKnownBranches }, visits] =
    await Promise.all([
      import('./wake.ts'),
      import('./touch.ts'),
      import('../shared/flows/touch.ts'),
      import('../shared/flows/known-branches.ts'),
      import('../shared/adapters/kubernetes/kubernetes-visits.ts'),
    ]);
  const { timing, namespace, isDryRun } = config;
  const log = createLog(config);
  const store = await openVisitStore(config);
  const transport = await openKubernetes(config);
  const cluster = visits.createKubernetesVisits({ transport, namespace });
  const known = createKnownBranches({ cluster, timing, now });
  const touch = createTouch({ store, cluster, known, timing, isDryRun, now });
  const holding = lazily(() => openHolding(config, transport, { touch, known, cluster, store, now, log }));
  const stampHeartbeat = (proxy: string) => store.stampHeartbeat(proxy);
  http(
    'wake',
    createWakeFunction({
      '/touch': createTouchRoute({ touch, stampHeartbeat, log }),
      '/hold': async (request, response) => {
        const arrivedMs = now();
        await (await holding()).hold(request, response, arrivedMs);
      },
      '/page': async (request, response) => (await holding()).page(request, response),
      '/progress': async (request, response) => (await holding()).progress(request, response),
    }),
  );
}

/** What waits is loaded with the first that waits: the cold start of a mirrored visit does without it. */
async function openHolding(
  config: Config,
  transport: RestTransport,
  shared: Omit<HoldingDependencies, 'cluster'> & { readonly cluster: VisitCluster },
): Promise<Holding> {
  const [{ createHolding }, { createBranchWatch }] = await Promise.all([
    import('./holding.ts'),
    import('../shared/adapters/kubernetes/branch-watch.ts'),
  ]);
  const watch = createBranchWatch({ transport, namespace: config.namespace });
  const holding = createHolding(config, { ...shared, cluster: { ...shared.cluster, ...watch } });
  openHolds.push(holding);
  return holding;
}

async function registerSleep(config: Config): Promise<void> {
  const [{ createSleepFunction }, { describeSwept }, { createSweep }, { createGkeCluster }] =
    await Promise.all([
      import('./sleep.ts'),
      import('./describe-swept.ts'),
      import('../shared/flows/sweep.ts'),
      import('../shared/adapters/kubernetes/gke-cluster.ts'),
    ]);
  const log = createLog(config);
  const sweep = createSweep({
    store: await openBranchStore(config),
    cluster: createGkeCluster({ transport: await openKubernetes(config), namespace: config.namespace }),
    rules: { timing: config.timing, mode: config.mode },
    now,
    expectedProxies: config.expectedProxies,
    batchSize: config.sweepBatchSize,
    report: (swept) => log(describeSwept(swept)),
  });
  http('sleep', createSleepFunction({ sweep, isDryRun: config.isDryRun, log }));
}

async function openKubernetes(config: Config): Promise<RestTransport> {
  const { url, tls, authorize } = await connectKubernetes(config);
  return openTransport({ baseUrl: url, authorize, ...(tls === undefined ? {} : { tls }) });
}

async function connectKubernetes({ kubernetes, projectId }: Config): Promise<KubernetesConnection> {
  const { createGkeConnection, createProxyConnection } = await import(
    '../shared/adapters/kubernetes/kubernetes-connection.ts'
  );
  if (kubernetes.by === 'url') return createProxyConnection(kubernetes.url);
  if (kubernetes.by === 'gke') {
    const { createGoogleCredentials, KUBERNETES_SCOPES } = await import(
      '../shared/adapters/rest/google-credentials.ts'
    );
    const authorize = createGoogleCredentials({ scopes: KUBERNETES_SCOPES, projectId });
    return createGkeConnection({ endpoint: kubernetes.endpoint, authorize });
  }
  const kubeconfig = await import('../shared/adapters/kubernetes/kubeconfig-connection.ts');
  if (kubernetes.by === 'in-cluster') return kubeconfig.loadInClusterConnection();
  return kubeconfig.loadKubeconfigConnection(kubernetes);
}

/** What a touch needs of the store, without the SDK's start. */
async function openVisitStore(config: Config): Promise<VisitStore> {
  if (config.store.kind === 'sqlite') return openBranchStore(config);
  const { createFirestoreVisits } = await import('../shared/adapters/firestore/firestore-visits.ts');
  return createFirestoreVisits(await firestoreOptions(config, config.store));
}

async function openBranchStore(config: Config): Promise<BranchStore> {
  const { store, cluster, namespace } = config;
  if (store.kind === 'sqlite') {
    const { createSqliteStore } = await import('../shared/adapters/sqlite/sqlite-store.ts');
    return createSqliteStore({ file: store.file, cluster, namespace });
  }
  const { createFirestoreStore, emulatorSettings } = await import(
    '../shared/adapters/firestore/firestore-store.ts'
  );
  const settings = store.emulatorHost === undefined ? {} : emulatorSettings(store.emulatorHost);
  return createFirestoreStore({ ...(await firestoreOptions(config, store)), settings });
}

type FirestoreConfig = Extract<Config['store'], { kind: 'firestore' }>;

async function firestoreOptions(config: Config, { database, emulatorHost }: FirestoreConfig) {
  const { cluster, namespace, projectId = '' } = config;
  const baseUrl = emulatorHost === undefined ? FIRESTORE_URL : `http://${emulatorHost}`;
  const authorize = emulatorHost === undefined ? await authorizeFirestore(projectId) : authorizeEmulator;
  const transport = await openTransport({ baseUrl, authorize });
  return { transport, projectId, databaseId: database, cluster, namespace };
}

async function authorizeFirestore(projectId: string): Promise<Authorize> {
  const { createGoogleCredentials } = await import('../shared/adapters/rest/google-credentials.ts');
  return createGoogleCredentials({ scopes: [FIRESTORE_SCOPE], projectId });
}

const authorizeEmulator: Authorize = async () => ({ Authorization: 'Bearer owner' });

type TransportTarget = { baseUrl: string; authorize: Authorize; tls?: KubernetesConnection['tls'] };

async function openTransport(to: TransportTarget): Promise<RestTransport> {
  const { createRestTransport } = await import('../shared/adapters/rest/rest-transport.ts');
  return createRestTransport({ ...to, now, random: Math.random });
}

function lazily<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | undefined;
  return () => {
    opened ??= open().catch((error) => {
      opened = undefined; // the next request tries again
      throw error;
    });
    return opened;
  };
}

await register(process.env.FUNCTION_TARGET);
