import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { createFaithfulApp, type FaithfulApp } from '../../e2e/hold/faithful-app.ts';
import { eventually } from '../../e2e/visits.ts';
import { createBranch } from '../../world/branch-manifests.ts';
import type { ControlPlane } from '../../world/control-plane.ts';
import { type FaultyLink, startFaultyLink } from '../../world/faulty-link/faulty-link.ts';
import { type FrontEnd, startFrontEnd } from '../../world/front-end.ts';
import type { PodBehaviour } from '../../world/kubelet/behaviour.ts';
import { branchOf } from '../../world/kubelet/behaviour.ts';
import { type RealWorld, startRealWorld } from '../../world/real-world.ts';
import type { Figure, Measure } from '../measure.ts';
import { requirePart } from '../require-part.ts';
import { median, summarize } from '../statistics.ts';

const CROWD = 1_000;
const BYTES = 1_048_576;
const REPETITIONS = 5;
const NAMESPACE = 'staging';
const IDLE_AFTER_MINUTES = 60;
const START_MS = 200;
/** Both long enough for a gigabyte to arrive on a busy machine: what comes too late would be refused, not lost. */
const HOLD_LIMIT_SECONDS = 150;
const PATIENCE_MS = 120_000;
const CLIENT = path.resolve(import.meta.dirname, '../../e2e/hold/crowd-client.ts');
const WHAT = 'requests lost of 1,000 concurrent POSTs of 1 MiB to a sleeping branch';

type CrowdWorld = {
  readonly real: RealWorld;
  readonly frontEnd: FrontEnd;
  readonly link: FaultyLink;
  readonly starts: Map<string, PodBehaviour>;
};

type Crowd = {
  readonly lost: number;
  readonly scaleCalls: number;
  /** While all of them waited. */
  readonly watches: number;
  /** From the moment at which the pods were let in to the last answer. */
  readonly lastAnswerMs: number;
};

/** P5: a crowd before one sleeping branch, and one visitor alone, in turn. */
export const crowdOfPosts: Measure = {
  id: 'P5',
  what: WHAT,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const world = await startCrowdWorld(stack);
    const crowds: Crowd[] = [];
    const singles: Crowd[] = [];
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      singles.push(await wakeWith(world, `single-${repetition}--g`, 1));
      crowds.push(await wakeWith(world, `crowd-${repetition}--g`, CROWD));
    }
    return [figureOf(crowds, singles)];
  },
};

async function startCrowdWorld(stack: AsyncDisposableStack): Promise<CrowdWorld> {
  const parts = {
    nginx: requirePart('nginx'),
    gcloud: requirePart('firestore-emulator'),
    controlPlane: requirePart('control-plane'),
  };
  const starts = new Map<string, PodBehaviour>();
  const frontEnd = stack.adopt(await startFrontEnd(), (started) => started.close());
  const proxied = Promise.withResolvers<FaultyLink>();
  const options = {
    namespace: NAMESPACE,
    speed: 1,
    idleAfterMinutes: IDLE_AFTER_MINUTES,
    wakeFunction: frontEnd.url,
    proxyVariables: { hold_limit_seconds: HOLD_LIMIT_SECONDS },
    env: { DORMOUSE_HOLD_LIMIT_SECONDS: String(HOLD_LIMIT_SECONDS) },
    parts,
  };
  const real = await startRealWorld({
    ...options,
    behaviour: (pod) => starts.get(branchOf(pod)) ?? {},
    connect: async (controlPlane) => {
      const link = await startFaultyLink(controlPlane.server());
      proxied.resolve(link);
      return { DORMOUSE_KUBECONFIG: await writeKubeconfig(controlPlane, link.url) };
    },
  });
  stack.adopt(real, (started) => started.stop());
  const link = stack.adopt(await proxied.promise, (started) => started.close());
  frontEnd.add(real.processOf('wake')?.url ?? '');
  return { real, frontEnd, link, starts };
}

/** The administrator's own, by way of the proxy that counts. It goes with the control plane's folder. */
async function writeKubeconfig({ kubeconfigFile, url }: ControlPlane, proxyUrl: string): Promise<string> {
  const file = `${kubeconfigFile}.proxied`;
  await writeFile(file, (await readFile(kubeconfigFile, 'utf8')).replace(url, proxyUrl));
  return file;
}

/** Sends so many POSTs at once to a branch whose pods start when all of them are held. */
async function wakeWith(world: CrowdWorld, branch: string, count: number): Promise<Crowd> {
  const { real, frontEnd, link, starts } = world;
  const application = createFaithfulApp();
  const app = () => application.listener;
  starts.set(branch, { app, failure: 'unschedulable' });
  await createBranch(real.api, { namespace: NAMESPACE, name: branch, workloads: [{ replicas: 0 }] });
  await eventually(
    () => real.network.addressOf(branch),
    (address) => address !== undefined,
  );
  const args = [CLIENT, real.proxy.port, `${branch}.example.com`, count, BYTES].map(String);
  const sent = promisify(execFile)(process.execPath, args);
  await eventually(
    () => frontEnd.open('/hold'),
    (open) => open === count,
    PATIENCE_MS,
  );
  const calls = () => link.requests.filter(({ url }) => url.includes(branch));
  const watches = calls().filter(({ url }) => url.includes('watch=true')).length;
  starts.set(branch, { app, startMs: START_MS });
  const letInMs = performance.now();
  const { echoed } = JSON.parse((await sent).stdout);
  const lastAnswerMs = performance.now() - letInMs;
  return {
    lost: count - wholeOnce(application, echoed),
    scaleCalls: calls().filter(({ method, status }) => method === 'PATCH' && status === 200).length,
    watches,
    lastAnswerMs,
  };
}

/** Requests whose own answer came, and that the application received once. */
function wholeOnce({ deliveries }: FaithfulApp, echoed: number): number {
  const bodies = new Set(deliveries.map(({ sha256 }) => sha256));
  const repeated = deliveries.length - bodies.size;
  return Math.min(echoed, bodies.size) - repeated;
}

function figureOf(crowds: readonly Crowd[], singles: readonly Crowd[]): Figure {
  const lost = crowds.map((crowd) => crowd.lost);
  const of = (key: 'scaleCalls' | 'watches' | 'lastAnswerMs', all = crowds) => all.map((crowd) => crowd[key]);
  const most = { scaleCalls: Math.max(...of('scaleCalls')), watches: Math.max(...of('watches')) };
  const ratio = Math.max(...lost);
  return {
    id: 'P5',
    what: WHAT,
    ratio,
    goal: 0,
    met: ratio === 0 && most.scaleCalls === 1 && most.watches === 1,
    ...summarize(lost),
    unit: 'requests',
    details: {
      mostScaleCalls: most.scaleCalls,
      mostWatches: most.watches,
      addedMs: median(of('lastAnswerMs')) - median(of('lastAnswerMs', singles)),
      singleMs: median(of('lastAnswerMs', singles)),
    },
  };
}
