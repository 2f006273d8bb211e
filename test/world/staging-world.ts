import { type Dns, startDns } from './dns.ts';
import { findFreePorts } from './free-ports.ts';
import { type FunctionProcess, startFunction } from './function-process.ts';
import type { Behaviour } from './kubelet/behaviour.ts';
import { type Kubelet, startKubelet } from './kubelet/kubelet.ts';
import { createKubernetesApi, type KubernetesApi, type KubernetesServer } from './kubernetes-api.ts';
import { type MetadataServer, startMetadataServer } from './metadata-server.ts';
import { type ServiceNetwork, startServiceNetwork } from './service-network.ts';
import { type StagingProxy, type StagingProxyVariables, startStagingProxy } from './staging-proxy.ts';

export type Target = 'wake' | 'sleep';

export type StagingWorldOptions = {
  /** The API server, as its administrator reaches it. */
  readonly server: KubernetesServer;
  readonly namespace: string;
  /** How the functions reach Kubernetes and their store. */
  readonly env: Readonly<Record<string, string>>;
  /** Path of nginx's executable. */
  readonly nginx: string;
  /** How branches behave when they start. */
  readonly behaviour: Behaviour;
  /** How many times as fast as production's every clock runs. */
  readonly speed: number;
  readonly idleAfterMinutes: number;
  /** Where visitors arrive. Default: a free port. */
  readonly port?: number;
  readonly proxyVariables?: Partial<StagingProxyVariables>;
  /** Where nginx finds the wake function, if something stands before it. Default: the function itself. */
  readonly wakeFunction?: string;
  /** A kubelet's first pause before another try of what failed. */
  readonly backOffMs?: number;
  /** Told of each line that a function logs. */
  readonly onLine?: (target: Target, line: string) => void;
};

/** A staging cluster in miniature: nginx, nodes, names, both functions, and a probe that keeps nginx beating. */
export type StagingWorld = {
  readonly api: KubernetesApi;
  readonly kubelet: Kubelet;
  readonly network: ServiceNetwork;
  readonly proxy: StagingProxy;
  readonly metadata: MetadataServer;
  /** The process that serves a function; undefined while it is stopped. */
  readonly processOf: (target: Target) => FunctionProcess | undefined;
  readonly startFunction: (target: Target, env?: Readonly<Record<string, string>>) => Promise<void>;
  readonly stopFunction: (target: Target, signal?: NodeJS.Signals) => Promise<void>;
  /** What both functions are given, for another instance of one. */
  readonly functionEnv: Readonly<Record<string, string>>;
  /** Does what Cloud Scheduler does: posts to `sleep`. */
  readonly sweep: (query?: string) => Promise<{ readonly status: number; readonly summary: SweepAnswer }>;
  readonly stop: () => Promise<void>;
};

/** The sleep function's answer, as far as worlds look at it. */
export type SweepAnswer = {
  readonly slept: number;
  readonly kept: Readonly<Record<string, number>>;
  readonly healed: number;
  readonly contested: number;
  readonly failed: number;
  readonly blind: false | { readonly reason: string; readonly explanation: string };
  readonly problems: readonly { readonly branch: string; readonly problem: string }[];
  readonly deleted: number;
  readonly deletions: readonly { readonly branch: string; readonly deleteAtMs: number }[];
  readonly decisions?: readonly { readonly branch: string; readonly decision: { readonly action: string } }[];
};

/** A kubelet probes every 10 s. */
const PROBE_EVERY_MS = 10_000;

/**
 * Starts everything around an API server that is there already.
 * @throws Error when a part does not start; those that did are stopped again
 */
export async function startStagingWorld(options: StagingWorldOptions): Promise<StagingWorld> {
  await using starting = new AsyncDisposableStack();
  const { namespace, behaviour, backOffMs, server } = options;
  const api = starting.adopt(createKubernetesApi(server), (started) => started.close());
  const kubeletOptions = { api, namespace, behaviour, ...(backOffMs === undefined ? {} : { backOffMs }) };
  const kubelet = starting.adopt(await startKubelet(kubeletOptions), (started) => started.stop());
  const networkOptions = { api, namespace, kubelet };
  const network = starting.adopt(await startServiceNetwork(networkOptions), (started) => started.stop());
  const dns = starting.adopt(await startDns({ resolve: network.resolve }), (started) => started.close());
  const metadata = starting.adopt(await startMetadataServer(), (started) => started.close());
  const functions = await createFunctions(options);
  const proxy = await startProxy(options, { dns, metadata, network, functions });
  starting.defer(() => proxy.stop());
  starting.defer(async () => void (await Promise.all([functions.stop('wake'), functions.stop('sleep')])));
  await Promise.all([functions.start('wake'), functions.start('sleep')]);
  const probe = startProbe(proxy, PROBE_EVERY_MS / options.speed);
  starting.defer(() => clearInterval(probe));
  const started = starting.move();
  return {
    api,
    kubelet,
    network,
    proxy,
    metadata,
    processOf: functions.processOf,
    startFunction: functions.start,
    stopFunction: functions.stop,
    functionEnv: functionEnv(options),
    sweep: (query = '') => postSweep(functions.urlOf('sleep') + query),
    stop: () => started.disposeAsync(),
  };
}

type Functions = {
  readonly urlOf: (target: Target) => string;
  readonly processOf: (target: Target) => FunctionProcess | undefined;
  readonly start: (target: Target, env?: Readonly<Record<string, string>>) => Promise<void>;
  readonly stop: (target: Target, signal?: NodeJS.Signals) => Promise<void>;
};

/** Ports stay the same over a restart, as a function's address does. */
async function createFunctions(options: StagingWorldOptions): Promise<Functions> {
  const [wakePort = 0, sleepPort = 0] = await findFreePorts(2);
  const ports = { wake: wakePort, sleep: sleepPort };
  const processes = new Map<Target, FunctionProcess>();
  return {
    urlOf: (target) => `http://127.0.0.1:${ports[target]}/`,
    processOf: (target) => processes.get(target),
    start: async (target, env = {}) => {
      const onLine = (line: string) => options.onLine?.(target, line);
      const all = { ...functionEnv(options), ...env };
      processes.set(target, await startFunction({ target, env: all, port: ports[target], onLine }));
    },
    stop: async (target, signal) => {
      await processes.get(target)?.stop(signal);
      processes.delete(target);
    },
  };
}

function functionEnv({
  namespace,
  speed,
  idleAfterMinutes,
  env,
}: StagingWorldOptions): Record<string, string> {
  return {
    DORMOUSE_CLUSTER: 'miniature',
    DORMOUSE_NAMESPACE: namespace,
    DORMOUSE_CLOCK_SPEED: String(speed),
    DORMOUSE_IDLE_AFTER_MINUTES: String(idleAfterMinutes),
    ...env,
  };
}

type Parts = { dns: Dns; metadata: MetadataServer; network: ServiceNetwork; functions: Functions };

async function startProxy(options: StagingWorldOptions, parts: Parts): Promise<StagingProxy> {
  const { nginx, namespace, speed, port, proxyVariables } = options;
  return startStagingProxy({
    nginx,
    dnsPort: parts.dns.port,
    serviceDomain: `${namespace}.svc.cluster.local:${parts.network.port}`,
    wakeFunction: options.wakeFunction ?? parts.functions.urlOf('wake').slice(0, -1),
    metadataHost: parts.metadata.host,
    speed,
    ...(port === undefined ? {} : { port }),
    ...(proxyVariables === undefined ? {} : { variables: proxyVariables }),
  });
}

/** Stands for the kubelet that asks nginx for its health; nginx makes heartbeats of it. */
function startProbe(proxy: StagingProxy, everyMs: number): NodeJS.Timeout {
  const probe = () => void fetch(`${proxy.url}/.dormouse/health`).catch(() => undefined);
  probe();
  return setInterval(probe, everyMs);
}

async function postSweep(url: string): Promise<{ status: number; summary: SweepAnswer }> {
  const answer = await fetch(url, { method: 'POST' });
  return { status: answer.status, summary: (await answer.json()) as SweepAnswer };
}
