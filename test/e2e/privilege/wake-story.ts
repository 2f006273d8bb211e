import { setTimeout as delay } from 'node:timers/promises';
import { createBranchWatch } from '../../../shared/adapters/kubernetes/branch-watch.ts';
import { createKubernetesVisits } from '../../../shared/adapters/kubernetes/kubernetes-visits.ts';
import type { RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import { createTiming } from '../../../shared/core/timing.ts';
import { createKnownBranches } from '../../../shared/flows/known-branches.ts';
import { createTouch } from '../../../shared/flows/touch.ts';
import { createWakeSurroundings } from '../../../shared/flows/wake-surroundings.ts';
import type { VisitCluster, WatchCluster } from '../../../shared/ports.ts';
import { createMemoryStore } from '../../fixtures/memory-ports.ts';
import { createBranch, deleteBranch } from '../../world/branch-manifests.ts';
import { annotateNamespace, autoscale, removeAutoscaler } from './hands.ts';
import { NAMESPACE, type PrivilegedWorld } from './privileged-world.ts';

const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 25;
const timing = createTiming(3_600_000);
let stories = 0;

/**
 * Tells all that the function `wake` does of one branch: a visit wakes its Deployment and its StatefulSet, to as
 * many as the namespace says and an HPA allows, the page looks at them until they serve, and a held request hears of it by the watch.
 *
 * @throws Error at the first step that Kubernetes refuses
 */
export async function tellWakeStory({ api }: PrivilegedWorld, transport: RestTransport): Promise<void> {
  stories += 1;
  const name = `wake-${stories}--g`;
  const workloads = [{ replicas: 0 }, { name: `${name}-db`, kind: 'statefulset', replicas: 0 }] as const;
  await createBranch(api, { namespace: NAMESPACE, name, workloads });
  try {
    await annotateNamespace(api, { 'dormouse/replicas': '3' });
    await autoscale(api, name, { minReplicas: 1, maxReplicas: 2 });
    const watch = createBranchWatch({ transport, namespace: NAMESPACE });
    await untilServed(watch, name, async () => {
      await visit(transport, name);
      await lookUntilServed(watch, name);
    });
  } finally {
    await annotateNamespace(api, { 'dormouse/replicas': null });
    await removeAutoscaler(api, name);
    await deleteBranch(api, { namespace: NAMESPACE, name });
  }
}

/** Of a branch whose claim names both. */
async function visit(transport: RestTransport, name: string): Promise<void> {
  const cluster = createKubernetesVisits({ transport, namespace: NAMESPACE });
  const known = createKnownBranches({ cluster, timing, now: Date.now });
  const replicas = { [`deployment/${name}`]: 1, [`statefulset/${name}-db`]: 1 };
  const record = { lastAccessMs: 0, asleepSinceMs: 1, replicas, wakeMs: [] };
  const store = createMemoryStore(Date.now, { [name]: record });
  const refusals: unknown[] = [];
  const readSurroundings = createWakeSurroundings({
    cluster: noting(cluster, refusals),
    now: Date.now,
    pause,
  });
  const touched = await createTouch({ store, cluster, known, readSurroundings, timing, now: Date.now })(name);
  if (refusals.length > 0) throw refusals[0]; // a wake goes on without: whoever reads the story must know
  const woken = touched.outcome === 'woken' ? touched.woken : [];
  const raised = woken.filter(({ outcome }) => outcome === 'raised');
  const counts = new Map(raised.map(({ ref, replicas }) => [ref, replicas]));
  const isRight = counts.get(`deployment/${name}`) === 2 && counts.get(`statefulset/${name}-db`) === 3;
  if (!isRight) throw new Error(`not both were woken, to 2 and 3: ${JSON.stringify(touched)}`);
}

const pause = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined);

type Around = Pick<VisitCluster, 'readInherited' | 'listBounds'>;

function noting(cluster: Around, refusals: unknown[]): Around {
  const note = (error: unknown) => {
    refusals.push(error);
    throw error;
  };
  return {
    readInherited: () => cluster.readInherited().catch(note),
    listBounds: () => cluster.listBounds().catch(note),
  };
}

async function lookUntilServed(watch: WatchCluster, name: string): Promise<void> {
  const endsAtMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endsAtMs) {
    const { servingEndpoints } = await watch.viewBranch(name);
    if (servingEndpoints > 0) return;
    await delay(LOOK_EVERY_MS);
  }
  throw new Error('the branch never served');
}

/** The list tells that nobody serves before anything is done: whatever comes after it, the watch has brought. */
async function untilServed(watch: WatchCluster, name: string, wake: () => Promise<void>): Promise<void> {
  const ends = new AbortController();
  const begun = Promise.withResolvers<void>();
  const served = Promise.withResolvers<void>();
  const tell = (serving: number) => (serving === 0 ? begun : served).resolve();
  const watching = watch.watchEndpoints(name, tell, ends.signal).then(() => {
    if (!ends.signal.aborted) throw new Error('the watch ended by itself');
  });
  const tooLate = delay(PATIENCE_MS, undefined, { signal: ends.signal }).then(() => {
    throw new Error('the watch told nothing');
  });
  const story = begun.promise.then(wake).then(() => served.promise);
  try {
    await Promise.race([story, watching, tooLate]);
  } finally {
    ends.abort();
    await Promise.allSettled([watching, tooLate]);
  }
}
