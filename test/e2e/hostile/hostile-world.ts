import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSqliteStore } from '../../../shared/adapters/sqlite/sqlite-store.ts';
import { createBranch, createNamespace } from '../../world/branch-manifests.ts';
import { startDns } from '../../world/dns.ts';
import { type EmbeddedKubernetes, startEmbeddedKubernetes } from '../../world/embedded-kubernetes/start.ts';
import { createKubernetesApi } from '../../world/kubernetes-api.ts';
import { startMetadataServer } from '../../world/metadata-server.ts';
import { type StagingProxy, startStagingProxy } from '../../world/staging-proxy.ts';
import { KNOWN_BRANCH } from './corpus.ts';
import { createCallCount, type StrangerCalls } from './stranger-calls.ts';
import { startWatchedFunction, type WatchedFunction } from './watched-function.ts';

export type HostileWorldOptions = {
  /** Path of nginx's executable; without it there is no proxy. */
  readonly nginx?: string | undefined;
  /** Branches that are told to run and have no pod that serves. */
  readonly waitingBranches?: readonly string[];
};

/** Both functions on an embedded Kubernetes with one branch, which is awake, and nginx before them. */
export type HostileWorld = {
  readonly wake: WatchedFunction;
  readonly sleep: WatchedFunction;
  readonly proxy: StagingProxy | undefined;
  /** Calls of the functions to Kubernetes about what is no branch. */
  readonly strangerCalls: () => StrangerCalls;
  readonly close: () => Promise<void>;
};

const NAMESPACE = 'staging';
const CLUSTER = 'hostile';
/** A proxy that is silent for 3 minutes makes the sweeps blind, and a blind sweep is a 500. */
const HEARTBEAT_EVERY_MS = 20_000;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

export async function startHostileWorld(options: HostileWorldOptions = {}): Promise<HostileWorld> {
  await using starting = new AsyncDisposableStack();
  const calls = createCallCount();
  const kubernetes = starting.adopt(
    await startEmbeddedKubernetes({ controllers: false, observe: calls.observe }),
    (started) => started.stop(),
  );
  await createBranches(kubernetes, options.waitingBranches ?? []);
  calls.reset();
  const folder = starting.adopt(await mkdtemp(path.join(tmpdir(), 'hostile-')), (made) =>
    rm(made, { recursive: true, force: true }),
  );
  const envOf = (name: string) => ({
    DORMOUSE_CLUSTER: CLUSTER,
    DORMOUSE_NAMESPACE: NAMESPACE,
    DORMOUSE_KUBERNETES_URL: kubernetes.url,
    DORMOUSE_SQLITE_FILE: path.join(folder, `${name}.sqlite`),
  });
  // A store for each: anybody who reaches the wake function may report heartbeats of proxies that then fall silent.
  starting.adopt(keepBeating(path.join(folder, 'sleep.sqlite')), clearInterval);
  const wake = starting.adopt(await startWatchedFunction('wake', envOf('wake')), (started) => started.stop());
  const sleep = starting.adopt(await startWatchedFunction('sleep', envOf('sleep')), (started) =>
    started.stop(),
  );
  const proxy = options.nginx === undefined ? undefined : await startProxy(starting, options.nginx, wake.url);
  const started = starting.move();
  return { wake, sleep, proxy, strangerCalls: calls.read, close: () => started.disposeAsync() };
}

async function createBranches(kubernetes: EmbeddedKubernetes, waiting: readonly string[]): Promise<void> {
  const api = createKubernetesApi(kubernetes);
  await createNamespace(api, NAMESPACE);
  for (const name of [KNOWN_BRANCH, ...waiting]) await createBranch(api, { namespace: NAMESPACE, name });
  await api.create(`/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`, {
    metadata: { name: KNOWN_BRANCH, labels: { 'kubernetes.io/service-name': KNOWN_BRANCH } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ name: 'http', port: 8080 }],
  });
  api.close();
}

function keepBeating(file: string): NodeJS.Timeout {
  const store = createSqliteStore({ file, cluster: CLUSTER, namespace: NAMESPACE });
  const beat = () => void store.stampHeartbeat('nginx', 3 * HEARTBEAT_EVERY_MS);
  beat();
  return setInterval(beat, HEARTBEAT_EVERY_MS);
}

async function startProxy(
  starting: AsyncDisposableStack,
  nginx: string,
  wakeFunction: string,
): Promise<StagingProxy> {
  const application = await startApplication(starting);
  const resolve = (name: string) => (name.startsWith(`${KNOWN_BRANCH}.`) ? '127.0.0.1' : undefined);
  const dns = starting.adopt(await startDns({ resolve }), (started) => started.close());
  const metadata = starting.adopt(await startMetadataServer(), (started) => started.close());
  const proxy = await startStagingProxy({
    nginx,
    dnsPort: dns.port,
    serviceDomain: `${NAMESPACE}.svc.cluster.local:${application}`,
    wakeFunction,
    metadataHost: metadata.host,
  });
  return starting.adopt(proxy, (started) => started.stop());
}

/** Answers 200 to whatever has a blank line in it, and keeps nothing. Its port. */
async function startApplication(starting: AsyncDisposableStack): Promise<number> {
  const server = createServer(answerOnce);
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  starting.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function answerOnce(socket: Socket): void {
  let seen = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    seen += chunk.toString('latin1');
    if (seen.includes('\r\n\r\n') && socket.writable) socket.end(ANSWER);
    seen = seen.slice(-3);
  });
}
