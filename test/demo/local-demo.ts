import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createGkeCluster } from '../../shared/adapters/kubernetes/gke-cluster.ts';
import { createProxyConnection } from '../../shared/adapters/kubernetes/kubernetes-connection.ts';
import { createRestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { createSqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts';
import { createTiming } from '../../shared/core/timing.ts';
import { ensurePart } from '../parts/parts.ts';
import { type EmbeddedKubernetes, startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { startScheduler } from '../world/scheduler.ts';
import { type StagingWorld, startStagingWorld } from '../world/staging-world.ts';
import { branchTable, type TableSources } from './branch-table.ts';
import { createDemoBranches, DEMO_BRANCHES, DEMO_NAMESPACE, demoBehaviour } from './demo-branches.ts';
import { tellStory } from './demo-story.ts';
import { describeLine } from './describe-line.ts';
import { createScreen, type Screen } from './screen.ts';

export type LocalDemoOptions = { readonly isOnce: boolean; readonly port: number | undefined };

const DEFAULT_PORT = 8080;
/** A minute of production is a second here: one factor for idle time, caches, throttles, heartbeats and cron. */
const SPEED = 60;
const CRON = '*/2 * * * *';
const MINUTE_MS = 60_000;
const TABLE_EVERY_MS = 500;

/** A person wants to look around, the story wants to get on. */
const IDLE_MINUTES = { byHand: 30, once: 10 };

/** Runs a whole staging world on this machine until it is stopped, or until its story is told. */
export async function runLocalDemo(options: LocalDemoOptions, stopped: AbortSignal): Promise<void> {
  const nginx = ensurePart('nginx');
  if ('missing' in nginx) throw new Error(`The demo needs nginx with njs: ${nginx.missing}`);
  await using started = new AsyncDisposableStack(); // ends what was started, however this ends
  const folder = await mkdtemp(path.join(tmpdir(), 'dormouse-demo-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'demo.sqlite');
  const kubernetes = await startEmbeddedKubernetes({});
  started.defer(() => kubernetes.stop());
  const screen = createScreen(process.stdout);
  const world = await startWorld({ options, nginx: nginx.path, file, kubernetes, screen });
  started.defer(() => world.stop());
  const scheduler = startScheduler({ cron: CRON, speed: SPEED, run: () => world.sweep() });
  started.defer(() => scheduler.stop());
  await createDemoBranches(world.api);
  if (options.isOnce) await runStory(world, stopped);
  else await watchTable({ world, screen, file, kubernetes }, stopped);
}

type Start = {
  readonly options: LocalDemoOptions;
  readonly nginx: string;
  readonly file: string;
  readonly kubernetes: EmbeddedKubernetes;
  readonly screen: Screen;
};

function startWorld({ options, nginx, file, kubernetes, screen }: Start): Promise<StagingWorld> {
  const port = options.port ?? (options.isOnce ? undefined : DEFAULT_PORT);
  return startStagingWorld({
    server: { url: kubernetes.url },
    namespace: DEMO_NAMESPACE,
    env: { DORMOUSE_KUBERNETES_URL: kubernetes.url, DORMOUSE_SQLITE_FILE: file },
    nginx,
    behaviour: demoBehaviour,
    speed: SPEED,
    idleAfterMinutes: idleMinutes(options),
    ...(port === undefined ? {} : { port }),
    onLine: (target, line) => {
      const told = describeLine(target, line);
      if (told !== undefined) screen.tell(told);
    },
  });
}

function idleMinutes({ isOnce }: LocalDemoOptions): number {
  return isOnce ? IDLE_MINUTES.once : IDLE_MINUTES.byHand;
}

async function runStory(world: StagingWorld, stopped: AbortSignal): Promise<void> {
  const interrupted = once(stopped, 'abort').then(() =>
    Promise.reject(new Error('The story was interrupted.')),
  );
  const story = tellStory({ world, tell: (text) => console.log(text) });
  const line = await Promise.race([story, interrupted]);
  console.log(JSON.stringify(line));
  if (line.story !== 'passed') process.exitCode = 1;
}

type Watched = Pick<Start, 'screen' | 'file' | 'kubernetes'> & { readonly world: StagingWorld };

async function watchTable({ world, screen, file, kubernetes }: Watched, stopped: AbortSignal): Promise<void> {
  greet(world, screen);
  const sources = tableSources(world, { file, url: kubernetes.url });
  while (!stopped.aborted) {
    screen.showTable(await branchTable(sources));
    await delay(TABLE_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}

function greet(world: StagingWorld, screen: Screen): void {
  const { byHand } = IDLE_MINUTES;
  screen.tell(
    `A staging cluster in miniature: a branch sleeps after ${(byHand * 60) / SPEED} s without a visit.`,
  );
  for (const { name, what } of DEMO_BRANCHES) {
    const label = name.replace('--g', '--g.localhost');
    screen.tell(`  http://${label}:${world.proxy.port}/`.padEnd(46) + what);
  }
  screen.tell('Ctrl-C ends it all. What happens:');
}

function tableSources(world: StagingWorld, { file, url }: { file: string; url: string }): TableSources {
  const { url: baseUrl, authorize } = createProxyConnection(url);
  const transport = createRestTransport({ baseUrl, authorize, now: Date.now, random: Math.random });
  const isReady = (branch: string) => (pod: { branch: string; isReady: boolean }) =>
    pod.branch === branch && pod.isReady;
  return {
    cluster: createGkeCluster({ transport, namespace: DEMO_NAMESPACE }),
    store: createSqliteStore({ file, cluster: 'miniature', namespace: DEMO_NAMESPACE }),
    timing: createTiming(IDLE_MINUTES.byHand * MINUTE_MS, { speed: SPEED }),
    readyPods: (branch) => world.kubelet.pods().filter(isReady(branch)).length,
  };
}
