import { workloadManifest } from './branch-manifests.ts';
import type { KubernetesApi } from './kubernetes-api.ts';

/** `visited`: asleep, though somebody came since; the next sweep wakes it. */
export type ManyBranchState = 'idle' | 'active' | 'asleep' | 'visited';

export type ManyBranch = { readonly name: string; readonly state: ManyBranchState };

/** A record as a store holds it: plain values, and `Date` for times. */
export type ManyBranchDocument = Readonly<Record<string, unknown>>;

const IDLE_ONE_IN = 20;
const CREATES_AT_ONCE = 16;
const HOUR_MS = 3_600_000;
/** Beyond every generation that a workload reaches here: its controllers have seen all there is. */
const SEEN_GENERATION = 1_000_000;

/**
 * The branches from index `first` on and before `end`, as those of a large namespace are: of 20, one is idle, ten are in
 * use, nine sleep. Names sort as their indexes do.
 */
export function manyBranches(first: number, end: number): readonly ManyBranch[] {
  return Array.from({ length: end - first }, (_, offset) => aBranch(first + offset));
}

function aBranch(index: number): ManyBranch {
  const name = `branch-${String(index).padStart(6, '0')}--g`;
  if (index % IDLE_ONE_IN === 0) return { name, state: 'idle' };
  return { name, state: index % 2 === 0 ? 'asleep' : 'active' };
}

/** Creates two workloads for each: the Deployment of its name, and a StatefulSet with its label. */
export async function createManyBranches(
  api: KubernetesApi,
  namespace: string,
  branches: readonly ManyBranch[],
): Promise<void> {
  await inParallel(branches, async (branch) => {
    const replicas = branch.state === 'asleep' || branch.state === 'visited' ? 0 : 1;
    for (const { kind, name } of workloadsOf(branch)) {
      const collection = `/apis/apps/v1/namespaces/${namespace}/${kind}s`;
      const manifest = workloadManifest({ namespace, name: branch.name }, { kind, name, replicas });
      await api.create(collection, manifest);
      if (branch.state === 'idle') await settleWorkload(api, `${collection}/${name}`);
    }
  });
}

/** Where no controller runs, says what one would: that the rollout is through. */
async function settleWorkload(api: KubernetesApi, path: string): Promise<void> {
  await api.patch(`${path}/status`, { status: { observedGeneration: SEEN_GENERATION, replicas: 0 } });
}

/** Scales those that fell asleep up again, as if they had never slept. */
export async function scaleUp(
  api: KubernetesApi,
  namespace: string,
  branches: readonly ManyBranch[],
): Promise<void> {
  await inParallel(branches, async (branch) => {
    for (const { kind, name } of workloadsOf(branch)) {
      await api.patch(`/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}`, { spec: { replicas: 1 } });
    }
  });
}

/** What the store remembers of such a branch. */
export function documentOf(branch: ManyBranch, nowMs: number): ManyBranchDocument {
  const before = (hours: number) => new Date(nowMs - hours * HOUR_MS);
  const base = { v: 1, wakeMs: [1_800, 2_100, 1_950] };
  if (branch.state === 'active') return { ...base, lastAccess: before(0) };
  if (branch.state === 'idle') return { ...base, lastAccess: before(72) };
  const lastAccess = branch.state === 'visited' ? before(1) : before(72);
  return { ...base, lastAccess, asleepSince: before(48), replicas: replicasOf(branch) };
}

function replicasOf(branch: ManyBranch): Readonly<Record<string, number>> {
  return Object.fromEntries(workloadsOf(branch).map(({ kind, name }) => [`${kind}/${name}`, 1]));
}

function workloadsOf({ name }: ManyBranch) {
  return [
    { kind: 'deployment', name },
    { kind: 'statefulset', name: name.replace(/--g$/, '-db') },
  ] as const;
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: CREATES_AT_ONCE }, async () => {
    for (const item of queue) await work(item);
  });
  await Promise.all(workers);
}
