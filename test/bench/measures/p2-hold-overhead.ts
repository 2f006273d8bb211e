import { setTimeout as delay } from 'node:timers/promises';
import { eventually, visit } from '../../e2e/visits.ts';
import { createBranch } from '../../world/branch-manifests.ts';
import { branchOf } from '../../world/kubelet/behaviour.ts';
import { isPodReady } from '../../world/kubelet/pod-status.ts';
import type { Pod } from '../../world/kubernetes-objects.ts';
import { type RealWorld, startRealWorld } from '../../world/real-world.ts';
import { watchObjects } from '../../world/watch-objects.ts';
import type { PollerOptions } from '../competitors/poller.ts';
import { startProgram } from '../competitors/start-program.ts';
import type { Figure, Measure } from '../measure.ts';
import { requirePart } from '../require-part.ts';
import { median, summarize } from '../statistics.ts';

/** How long a pod takes to start. */
const START_MS = [200, 1_000, 5_000] as const;
const POLL_EVERY_MS = { poller1s: 1_000, poller5s: 5_000 };
const REPETITIONS = 5;
const GOAL_MS = 50;
const NAMESPACE = 'staging';
const IDLE_AFTER_MINUTES = 60;
const SETTLED_MS = 300;
const APART_MS = 350;
const WHAT = 'from a Ready pod to the first 200 of a request that was held meanwhile';

type Contender = 'dormouse' | keyof typeof POLL_EVERY_MS;
const CONTENDERS: readonly Contender[] = ['dormouse', 'poller1s', 'poller5s'];
/** Each has a branch of its own for each start, so that no two are at it with one branch. */
type Lane = { readonly branch: string; readonly contender: Contender; readonly startMs: number };
/** Since `performance.timeOrigin`, in ms. */
type ReadyTimes = Map<string, number>;

const LANES: readonly Lane[] = START_MS.flatMap((startMs) =>
  CONTENDERS.map((contender) => ({
    branch: `${contender}-${startMs}--g`,
    contender,
    startMs,
  })),
);

/** P2: what a hold adds to the start of a pod, which nobody can take away. */
export const holdOverhead: Measure = {
  id: 'P2',
  what: WHAT,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.adopt(await startWorld(), (started) => started.stop());
    const readyMs: ReadyTimes = new Map();
    const watch = watchReady(world, readyMs);
    stack.defer(() => watch.stop());
    for (const { branch } of LANES) await createSleeping(world, branch);
    const ports: Record<string, number> = { dormouse: world.proxy.port };
    for (const [contender, everyMs] of Object.entries(POLL_EVERY_MS)) {
      const poller = await startProgram('poller.ts', JSON.stringify(pollerOptions(world, everyMs)));
      stack.defer(poller.stop);
      ports[contender] = poller.port;
    }
    const overheads = new Map(LANES.map(({ branch }) => [branch, [] as number[]]));
    for (let repetition = 0; repetition <= REPETITIONS; repetition += 1) {
      const measured = await Promise.all(
        LANES.map(async (lane) => [lane.branch, await wakeOnce(world, lane, { ports, readyMs })] as const),
      );
      if (repetition === 0) continue; // the first loads what holds need, and does not count
      for (const [branch, overheadMs] of measured) overheads.get(branch)?.push(overheadMs);
    }
    const details = { triedAgain: triedAgain(world) };
    return START_MS.map((startMs) => figureOf(startMs, overheads, details));
  },
};

function startWorld(): Promise<RealWorld> {
  return startRealWorld({
    namespace: NAMESPACE,
    behaviour: (pod) => ({ startMs: LANES.find(({ branch }) => branch === branchOf(pod))?.startMs ?? 0 }),
    speed: 1,
    idleAfterMinutes: IDLE_AFTER_MINUTES,
    parts: {
      nginx: requirePart('nginx'),
      gcloud: requirePart('firestore-emulator'),
      controlPlane: requirePart('control-plane'),
    },
  });
}

/** When Kubernetes first said of a branch that its pod is Ready. */
function watchReady(world: RealWorld, readyMs: ReadyTimes) {
  return watchObjects<Pod>(world.api, `/api/v1/namespaces/${NAMESPACE}/pods`, ({ change, object }) => {
    const branch = branchOf(object);
    const isReady = change === 'set' && isPodReady({ conditions: object.status?.conditions ?? [] });
    if (isReady && !readyMs.has(branch)) readyMs.set(branch, performance.now());
  });
}

async function createSleeping(world: RealWorld, branch: string): Promise<void> {
  await createBranch(world.api, { namespace: NAMESPACE, name: branch, workloads: [{ replicas: 0 }] });
  await eventually(
    () => world.network.addressOf(branch),
    (address) => address !== undefined,
  );
}

function pollerOptions({ controlPlane, network }: RealWorld, everyMs: number): PollerOptions {
  const services = LANES.map(({ branch }) => [branch, `${network.addressOf(branch)}:${network.port}`]);
  return {
    everyMs,
    apiUrl: controlPlane.url,
    token: controlPlane.token('admin'),
    caFile: controlPlane.caFile,
    namespace: NAMESPACE,
    services: Object.fromEntries(services),
  };
}

type Course = { readonly ports: Readonly<Record<string, number>>; readonly readyMs: ReadyTimes };

/** Visits a sleeping branch, says how long after its pod was Ready the answer came, and puts it back to sleep. */
async function wakeOnce(world: RealWorld, lane: Lane, { ports, readyMs }: Course): Promise<number> {
  const { branch, contender } = lane;
  // Their pods get ready one after the other, not at once.
  await delay(LANES.indexOf(lane) * APART_MS);
  readyMs.delete(branch);
  const { status } = await visit(ports[contender] ?? 0, branch);
  const answeredMs = performance.now();
  if (status !== 200) throw new Error(`${branch} answered ${status}`);
  const readySinceMs = await eventually(
    () => readyMs.get(branch),
    (ms) => ms !== undefined,
  );
  await putToSleep(world, branch);
  return answeredMs - (readySinceMs ?? Number.NaN);
}

async function putToSleep(world: RealWorld, branch: string): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${branch}`;
  await world.api.patch(path, { spec: { replicas: 0 } });
  await eventually(
    () => world.kubelet.pods().filter((pod) => pod.branch === branch).length,
    (pods) => pods === 0,
  );
  await delay(SETTLED_MS);
}

/** Requests whose first try after the wait came before the Service had opened: each costs the pause before the next. */
function triedAgain({ proxy }: RealWorld): number {
  const failures = proxy.accessLog().map(({ upstreamStatus = '' }) => upstreamStatus.match(/50[24]/g) ?? []);
  return failures.filter(({ length }) => length > 1).length;
}

type Details = { readonly triedAgain: number };

function figureOf(
  startMs: number,
  overheads: ReadonlyMap<string, readonly number[]>,
  details: Details,
): Figure {
  const of = (contender: Contender) => overheads.get(`${contender}-${startMs}--g`) ?? [];
  const ratio = median(of('dormouse'));
  return {
    id: `P2/${startMs / 1_000}s`,
    what: `${WHAT}, ${startMs / 1_000} s after it began to start`,
    ratio,
    goal: GOAL_MS,
    met: ratio <= GOAL_MS,
    ...summarize(of('dormouse')),
    unit: 'ms',
    details: { pollerOf1sMs: median(of('poller1s')), pollerOf5sMs: median(of('poller5s')), ...details },
  };
}
