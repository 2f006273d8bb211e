import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Tokens } from './authorize.ts';
import { startControllers } from './controllers/start-controllers.ts';
import { createFaultPlan, type Faults } from './faults.ts';
import { createSnapshots } from './list.ts';
import { createRegistry, type Registry } from './registry.ts';
import { NAMESPACES } from './resources/namespace.ts';
import { type ObservedCall, serveRequest } from './serve-request.ts';
import { createStore } from './store.ts';
import { createWatchServer, type WatchServer } from './watch.ts';

export type EmbeddedKubernetesOptions = {
  /** On 127.0.0.1; 0, a free one, unless given. */
  readonly port?: number;
  /** Who may do what, by bearer token. Without them, nobody is asked, as behind `kubectl proxy`. */
  readonly tokens?: Tokens;
  /** Whether Deployments get ReplicaSets, ReplicaSets get pods, and so on. True unless given. */
  readonly controllers?: boolean;
  /** How often an autoscaler looks at its workload. Kubernetes' 15 s unless given. */
  readonly autoscalerSyncMs?: number;
  /** How many changes a watch can go back by, at least. */
  readonly historyLimit?: number;
  /** Hears of every call that was answered. */
  readonly observe?: (call: ObservedCall) => void;
  readonly now?: () => number;
};

export type EmbeddedKubernetes = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What the administrator sends along: nothing, or the first token that may do everything. */
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: Faults;
  /** Ends every connection, the watches too. */
  readonly stop: () => Promise<void>;
};

/** Node's own 5 s would close connections that the real server keeps. */
const KEEP_ALIVE_MS = 120_000;
const DEFAULT_HISTORY_LIMIT = 20_000;
const AUTOSCALER_SYNC_MS = 15_000;
const FIRST_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/**
 * Starts a small Kubernetes in memory: the API server's wire protocol, and the controllers that a branch needs. It
 * schedules nothing and runs nothing; a kubelet stand-in does. test/contract/ holds it to the real one.
 */
export async function startEmbeddedKubernetes(
  options: EmbeddedKubernetesOptions = {},
): Promise<EmbeddedKubernetes> {
  const { tokens, now = Date.now, observe = () => {}, autoscalerSyncMs = AUTOSCALER_SYNC_MS } = options;
  const store = createStore(options.historyLimit ?? DEFAULT_HISTORY_LIMIT);
  const faults = createFaultPlan();
  const registry = createRegistry({ store, admit: faults.admit, now });
  const snapshots = createSnapshots(store);
  const watches = createWatchServer(store);
  createFirstNamespaces(registry);
  const stopControllers =
    options.controllers === false ? () => {} : startControllers(registry, { now, autoscalerSyncMs });
  const world = { api: { registry, snapshots, now }, watches, faults, tokens, observe };
  const server = createServer((request, response) => void serveRequest(world, request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const url = await listen(server, options.port ?? 0);
  return {
    url,
    headers: adminHeaders(tokens),
    faults: {
      ...faults.handles,
      ...watchFaults(watches),
      forgetHistory: store.forgetHistory,
      expireLists: snapshots.expire,
    },
    stop: () => stop(server, stopControllers),
  };
}

function createFirstNamespaces(registry: Registry): void {
  for (const name of FIRST_NAMESPACES) {
    registry.create(NAMESPACES, { metadata: { name } }, { manager: 'kube-apiserver' });
  }
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

function adminHeaders(tokens: Tokens = {}): Readonly<Record<string, string>> {
  const admin = Object.entries(tokens).find(([, { allowed }]) => allowed === 'everything');
  return admin === undefined ? {} : { authorization: `Bearer ${admin[0]}` };
}

function watchFaults({ open }: WatchServer): Pick<Faults, 'cutWatches' | 'silenceWatches'> {
  return {
    cutWatches: () => {
      for (const watch of open) watch.cut();
    },
    silenceWatches: () => {
      for (const watch of open) watch.silence();
    },
  };
}

async function stop(server: Server, stopControllers: () => void): Promise<void> {
  stopControllers();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
