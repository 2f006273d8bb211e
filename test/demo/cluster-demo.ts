import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createGkeCluster } from '../../shared/adapters/kubernetes/gke-cluster.ts';
import { loadKubeconfigConnection } from '../../shared/adapters/kubernetes/kubeconfig-connection.ts';
import { createRestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { createSqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts';
import { groupByBranch } from '../../shared/core/branch.ts';
import { createTiming } from '../../shared/core/timing.ts';
import type { Cluster } from '../../shared/ports.ts';
import { type FunctionProcess, startFunction } from '../world/function-process.ts';
import { startScheduler } from '../world/scheduler.ts';
import type { Target } from '../world/staging-world.ts';
import { branchTable } from './branch-table.ts';
import { describeLine } from './describe-line.ts';
import { createScreen } from './screen.ts';

export type ClusterDemoOptions = {
  readonly kubeconfig: string;
  readonly context: string | undefined;
  readonly namespace: string;
  /** Nobody is asked. */
  readonly isConfirmed: boolean;
};

const CRON = '*/5 * * * *';
const IDLE_AFTER_MINUTES = 60;
const MINUTE_MS = 60_000;
const TABLE_EVERY_MS = 2_000;

/**
 * Runs both functions on this machine against a real cluster, at the pace of production. It says first what it would
 * touch, and does nothing unless it is told to go on. There is no nginx here: a visit is a call of the wake function.
 */
export async function runClusterDemo(options: ClusterDemoOptions, stopped: AbortSignal): Promise<void> {
  const { kubeconfig: file, context, namespace } = options;
  const { url, authorize, tls } = await loadKubeconfigConnection(
    context === undefined ? { file } : { file, context },
  );
  const where = { baseUrl: url, authorize, ...(tls === undefined ? {} : { tls }) };
  const transport = createRestTransport({ ...where, now: Date.now, random: Math.random });
  const cluster = createGkeCluster({ transport, namespace });
  await announce(cluster, { url, namespace });
  if (!options.isConfirmed && !(await confirm())) {
    console.log('Nothing was touched.');
    transport.close();
    return;
  }
  await runFunctions(options, cluster, stopped);
  transport.close();
}

async function announce(
  cluster: Cluster,
  { url, namespace }: { url: string; namespace: string },
): Promise<void> {
  const branches = groupByBranch(await cluster.listWorkloads());
  console.log(
    `In namespace ${namespace} of ${url}, these would sleep after ${IDLE_AFTER_MINUTES} minutes without a visit:`,
  );
  for (const [branch, workloads] of [...branches].sort()) {
    const replicas = workloads.map(({ kind, name, replicas: count }) => `${kind}/${name} (${count})`);
    console.log(`  ${branch}: ${replicas.join(', ')}`);
  }
  if (branches.size === 0)
    console.log('  none: no workload there is named NAME--g or labelled dormouse/branch');
  console.log('Nothing but spec.replicas is ever changed, and nothing else in the namespace.');
}

async function confirm(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.log('Say --yes to go on.');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Go on? (yes) ').finally(() => terminal.close());
  return answer.trim() === 'yes';
}

async function runFunctions(
  options: ClusterDemoOptions,
  cluster: Cluster,
  stopped: AbortSignal,
): Promise<void> {
  const { namespace } = options;
  await using started = new AsyncDisposableStack(); // nothing goes on sweeping a real cluster when this ends
  await mkdir('.dormouse', { recursive: true });
  const file = path.resolve('.dormouse/demo.sqlite');
  const screen = createScreen(process.stdout);
  const env = functionEnv(options, file);
  const start = async (target: Target) => {
    const onLine = (line: string) => {
      const told = describeLine(target, line);
      if (told !== undefined) screen.tell(told);
    };
    const served = await startFunction({ target, env, onLine });
    started.defer(() => served.stop());
    return served;
  };
  const wake = await start('wake');
  const sleep = await start('sleep');
  const beat = keepBeating(wake);
  started.defer(() => clearInterval(beat));
  const scheduler = startScheduler({ cron: CRON, speed: 1, run: () => fetch(sleep.url, { method: 'POST' }) });
  started.defer(() => scheduler.stop());
  screen.tell(`A visit:  curl -i -H 'X-Dormouse-Host: NAME--g.example.com' ${wake.url}/touch`);
  screen.tell(`A sweep:  curl -X POST ${sleep.url}/ (every 5 minutes by itself). Ctrl-C ends it.`);
  const store = createSqliteStore({ file, cluster: 'demo', namespace });
  started.defer(() => store.close());
  const timing = createTiming(IDLE_AFTER_MINUTES * MINUTE_MS);
  while (!stopped.aborted) {
    screen.showTable(await branchTable({ cluster, store, timing, readyPods: () => undefined }));
    await delay(TABLE_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}

function functionEnv(
  { kubeconfig, context, namespace }: ClusterDemoOptions,
  file: string,
): Record<string, string> {
  return {
    HOME: process.env.HOME ?? '',
    DORMOUSE_CLUSTER: 'demo',
    DORMOUSE_NAMESPACE: namespace,
    DORMOUSE_KUBECONFIG: path.resolve(kubeconfig),
    ...(context === undefined ? {} : { DORMOUSE_KUBE_CONTEXT: context }),
    DORMOUSE_SQLITE_FILE: file,
    DORMOUSE_IDLE_AFTER_MINUTES: String(IDLE_AFTER_MINUTES),
  };
}

/** Stands for nginx, whose heartbeats prove that touches arrive. */
function keepBeating(wake: FunctionProcess): NodeJS.Timeout {
  const headers = { 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': 'demo' };
  const beat = () => void fetch(`${wake.url}/touch`, { headers }).catch(() => undefined);
  beat();
  return setInterval(beat, MINUTE_MS);
}
