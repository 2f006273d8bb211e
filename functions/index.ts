import { http } from '@google-cloud/functions-framework';
import { createFirestoreVisits } from '../shared/adapters/firestore/firestore-visits.ts';
import {
  createGkeConnection,
  createProxyConnection,
  type KubernetesConnection,
} from '../shared/adapters/kubernetes/kubernetes-connection.ts';
import { createKubernetesVisits } from '../shared/adapters/kubernetes/kubernetes-visits.ts';
import {
  type Authorize,
  createRestTransport,
  type RestTransport,
} from '../shared/adapters/rest/rest-transport.ts';
import { type Config, parseConfig } from '../shared/config.ts';
import { createKnownBranches } from '../shared/flows/known-branches.ts';
import { createTouch } from '../shared/flows/touch.ts';
import { createWakeSurroundings } from '../shared/flows/wake-surroundings.ts';
import { createLog } from '../shared/log.ts';
import type { BranchStore, VisitCluster, VisitStore } from '../shared/ports.ts';
import { bluntRequests } from './blunt-requests.ts';
import type { Holding, HoldingDependencies } from './holding.ts';
import type { Guard } from './identity.ts';
import { createLazyHolding, type LazyHolding } from './lazy-holding.ts';
import { pause } from './pause.ts';
import { createTouchRoute } from './touch.ts';
import { createWakeFunction } from './wake.ts';

/**
 * The composition root: the only reader of the environment and the only file that chooses real systems. Nothing
 * happens unless `FUNCTION_TARGET` says which function to serve, so that a build may load this file anywhere. Imported
 * at once is only what the first mirrored visit runs through, in few files: a cold start is what a visitor feels.
 */

const FIRESTORE_URL = 'https://firestore.googleapis.com';
const FIRESTORE_SCOPE = 'https://www.googleapis.com/auth/datastore';

/** An instance's own clock, epoch ms. It never jumps, so that a claim's age is right whatever NTP does. */
const now = () => Math.round(performance.timeOrigin + performance.now());

/** functions-framework exits at once on SIGTERM. Registered before its own listener, so that nobody who waits is cut. */
const openHolds: LazyHolding[] = [];
process.once('SIGTERM', () => {
  for (const holding of openHolds) holding.releaseAll();
});

/** Refuses to start, with every problem listed, when the environment is wrong. */
async function register(target: string | undefined): Promise<void> {
  if (target === 'wake' || target === 'sleep') bluntRequests();
  if (target === 'wake') await registerWake(parseConfig(process.env));
  if (target === 'sleep') await registerSleep(parseConfig(process.env));
}

async function registerWake(config: Config): Promise<void> {
  const opening = openGuard(config, { acceptsStripped: false });
  const { timing, namespace, isDryRun } = config;
  const log = createLog(config);
  const store = await openVisitStore(config);
  const transport = await openKubernetes(config);
  const cluster = createKubernetesVisits({ transport, namespace });
  const known = createKnownBranches({ cluster, timing, now });
  const readSurroundings = createWakeSurroundings({ cluster, now, pause });
  const touch = createTouch({ store, cluster, known, readSurroundings, timing, isDryRun, now });
  const shared = { touch, readSurroundings, known, cluster, store, now, log };
  const holding = createLazyHolding(() => openHolding(config, transport, shared), now);
  openHolds.push(holding);
  const stampHeartbeat = (proxy: string) => store.stampHeartbeat(proxy, timing.heartbeatSilenceMs);
  const wake = createWakeFunction({
    '/touch': createTouchRoute({ touch, stampHeartbeat, stampBackground: store.stampBackground, log }),
    '/hold': holding.hold,
    '/page': holding.page,
    '/progress': holding.progress,
  });
  const guard = await opening;
  http('wake', guard(wake));
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
  return createHolding(config, { ...shared, cluster: { ...shared.cluster, ...watch } });
}

async function registerSleep(config: Config): Promise<void> {
  // Cloud Scheduler can send its token in one header only, and of that one Cloud Run takes the signature.
  const opening = openGuard(config, { acceptsStripped: true });
  const [{ createSleepFunction }, { describeSwept }, { createSweep }, { createGkeCluster }] =
    await Promise.all([
      import('./sleep.ts'),
      import('./describe-swept.ts'),
      import('../shared/flows/sweep.ts'),
      import('../shared/adapters/kubernetes/gke-cluster.ts'),
    ]);
  const log = createLog(config);
  const transport = await openKubernetes(config);
  const listLimitMs = readLimitMsOf(config);
  const sweep = createSweep({
    store: await openBranchStore(config),
    cluster: createGkeCluster({ transport, namespace: config.namespace, listLimitMs }),
    settings: { timing: config.timing, mode: config.mode, mayDelete: config.mayDelete },
    now,
    expectedProxies: config.expectedProxies,
    batchSize: config.sweepBatchSize,
    deadlineMs: config.sweepDeadlineMs,
    report: (swept) => log(describeSwept(swept)),
  });
  const guard = await opening;
  http('sleep', guard(createSleepFunction({ sweep, isDryRun: config.isDryRun, log })));
}

/** What checks callers is loaded only if it is asked for; then Google's keys are on their way while the rest is. */
async function openGuard(config: Config, options: { readonly acceptsStripped: boolean }): Promise<Guard> {
  const { callerRules: rules } = config;
  if (rules === undefined) return (guarded) => (request, response) => guarded(request, response, undefined);
  const [{ createGuard }, { createGoogleSignatureCheck }] = await Promise.all([
    import('./identity.ts'),
    import('../shared/adapters/identity/google-signature-check.ts'),
  ]);
  const log = createLog(config);
  const onProblem = (problem: string) =>
    log({ severity: 'ERROR', message: "Google's signing keys could not be fetched", event: 'keys', problem });
  const verifySignature = createGoogleSignatureCheck(rules, { now, onProblem });
  return createGuard({ rules, verifySignature, now, log, ...options });
}

async function openKubernetes(config: Config): Promise<RestTransport> {
  const { url, tls, authorize } = await connectKubernetes(config);
  return openTransport({ baseUrl: url, authorize, ...(tls === undefined ? {} : { tls }) });
}

async function connectKubernetes({ kubernetes, projectId }: Config): Promise<KubernetesConnection> {
  if (kubernetes.by === 'url') return createProxyConnection(kubernetes.url);
  if (kubernetes.by === 'gke') {
    const authorize = await openGoogleCredentials('kubernetes', projectId);
    return createGkeConnection({ endpoint: kubernetes.endpoint, authorize });
  }
  const kubeconfig = await import('../shared/adapters/kubernetes/kubeconfig-connection.ts');
  if (kubernetes.by === 'in-cluster') return kubeconfig.loadInClusterConnection();
  return kubeconfig.loadKubeconfigConnection(kubernetes);
}

/** What a touch needs of the store, without the SDK's start. */
async function openVisitStore(config: Config): Promise<VisitStore> {
  if (config.store.kind === 'sqlite') return openBranchStore(config);
  return createFirestoreVisits(await firestoreOptions(config, config.store));
}

async function openBranchStore(config: Config): Promise<BranchStore> {
  const { store, cluster, namespace } = config;
  if (store.kind === 'sqlite') {
    const { createSqliteStore } = await import('../shared/adapters/sqlite/sqlite-store.ts');
    return createSqliteStore({ file: store.file, cluster, namespace });
  }
  const { createFirestoreStore } = await import('../shared/adapters/firestore/firestore-store.ts');
  const readLimitMs = readLimitMsOf(config);
  return createFirestoreStore({ ...(await firestoreOptions(config, store)), readLimitMs });
}

/** A sweep lists, then reads the records: neither may take all of its time, or it ends without a word. */
function readLimitMsOf({ sweepDeadlineMs }: Config): number {
  return sweepDeadlineMs / 2;
}

type FirestoreConfig = Extract<Config['store'], { kind: 'firestore' }>;

async function firestoreOptions(config: Config, { database, emulatorHost }: FirestoreConfig) {
  const { cluster, namespace, projectId = '' } = config;
  const baseUrl = emulatorHost === undefined ? FIRESTORE_URL : `http://${emulatorHost}`;
  const authorize =
    emulatorHost === undefined ? await openGoogleCredentials('firestore', projectId) : authorizeEmulator;
  const transport = await openTransport({ baseUrl, authorize });
  return { transport, projectId, databaseId: database, cluster, namespace };
}

async function openGoogleCredentials(
  system: 'kubernetes' | 'firestore',
  projectId: string | undefined,
): Promise<Authorize> {
  const { createGoogleCredentials, KUBERNETES_SCOPES } = await import(
    '../shared/adapters/rest/google-credentials.ts'
  );
  const scopes = system === 'kubernetes' ? KUBERNETES_SCOPES : [FIRESTORE_SCOPE];
  const authorize = createGoogleCredentials({ scopes, projectId });
  // The first visitor's token is on its way while the rest starts. A failure is the first call's to report.
  void authorize({ renew: false }).catch(() => undefined);
  return authorize;
}

const authorizeEmulator: Authorize = async () => ({ Authorization: 'Bearer owner' });

type TransportTarget = { baseUrl: string; authorize: Authorize; tls?: KubernetesConnection['tls'] };

function openTransport(to: TransportTarget): RestTransport {
  return createRestTransport({ ...to, now, random: Math.random });
}

await register(process.env.FUNCTION_TARGET);
