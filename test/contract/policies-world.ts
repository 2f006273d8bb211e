import { createGkeCluster } from '../../shared/adapters/kubernetes/gke-cluster.ts';
import { parseBranchDocument } from '../../shared/adapters/records/branch-document.ts';
import { type Bounds, planWake } from '../../shared/core/branch.ts';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import {
  type BranchDecision,
  type BranchState,
  decideBranch,
  type Rules,
} from '../../shared/core/decide-branch.ts';
import type { Annotations, Workload, WorkloadRef } from '../../shared/core/workload.ts';
import type { Cluster } from '../../shared/ports.ts';
import { aRecord, BRANCH, RULES, stored } from '../fixtures/branches.ts';
import { createBranch, createNamespace, deleteBranch, workloadManifest } from '../world/branch-manifests.ts';
import { startKubelet } from '../world/kubelet/kubelet.ts';
import { type KubernetesApi, KubernetesApiError, type KubernetesServer } from '../world/kubernetes-api.ts';
import { bearer, connect, until } from './cluster-fixture.ts';
import type { Kubectl } from './kubectl.ts';

export const NAMESPACE = 'staging';
export const DATABASE = 'my-branch-db';

/** The branch of the docs on an API server. */
export type PoliciesWorld = {
  readonly kubectl: Kubectl;
  readonly api: KubernetesApi;
  readonly cluster: Cluster;
  /** Makes the branch and its database anew, of three replicas and one, and a namespace that says nothing. */
  readonly begin: () => Promise<void>;
  /** Takes away what the examples made. */
  readonly end: () => Promise<void>;
  /** What a sweep would know of the branch, once Kubernetes has come to rest. */
  readonly look: () => Promise<Seen>;
  readonly stop: () => Promise<void>;
};

/** What a sweep knows of the branch but its record. */
export type Seen = {
  readonly workloads: readonly Workload[];
  readonly inherited: Annotations;
  readonly bounds: ReadonlyMap<WorkloadRef, Bounds>;
  readonly jobs: NonNullable<BranchState['jobs']>;
};

type Parts = {
  readonly server: KubernetesServer;
  readonly token: string;
  readonly api: KubernetesApi;
  readonly kubectl: Kubectl;
  readonly stop: () => Promise<void>;
};

const MADE = [
  `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/waiting--g`,
  `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/${DATABASE}`,
  `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/migrate`,
  `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers/${BRANCH}`,
];

export async function createPoliciesWorld({
  server,
  token,
  api,
  kubectl,
  stop,
}: Parts): Promise<PoliciesWorld> {
  const transport = connect(server, bearer(token));
  const cluster = createGkeCluster({ transport, namespace: NAMESPACE });
  await createNamespace(api, NAMESPACE);
  const kubelet = await startKubelet({ api, namespace: NAMESPACE, behaviour: () => ({}) }); // without it no rollout ends
  return {
    kubectl,
    api,
    cluster,
    begin: () => begin(api),
    end: () => end(api),
    look: async () => {
      await until('the rollout is done', async () => (await cluster.readBranch(BRANCH)).every(isAtRest));
      const [workloads, inherited, bounds, jobs] = await Promise.all([
        cluster.readBranch(BRANCH),
        cluster.readInherited(),
        cluster.listBounds(),
        cluster.listJobs(),
      ]);
      return { workloads, inherited, bounds, jobs: jobs.get(BRANCH) ?? [] };
    },
    stop: async () => {
      kubelet.stop();
      transport.close();
      api.close();
      await stop();
    },
  };
}

function isAtRest({ isRolloutUnfinished, revision }: Workload): boolean {
  return !isRolloutUnfinished && revision !== undefined;
}

async function begin(api: KubernetesApi): Promise<void> {
  await createBranch(api, { namespace: NAMESPACE, name: BRANCH, workloads: [{ replicas: 3 }] });
  const branch = { namespace: NAMESPACE, name: DATABASE };
  const database = workloadManifest(branch, { name: DATABASE, kind: 'statefulset' });
  await api.create(`/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`, database);
}

async function end(api: KubernetesApi): Promise<void> {
  await deleteBranch(api, { namespace: NAMESPACE, name: BRANCH });
  for (const path of MADE) await api.delete(`${path}?propagationPolicy=Background`).catch(ignoreGone);
  const annotations = { 'dormouse/idle-after': null, 'dormouse/keep-awake': null };
  await api.patch(`/api/v1/namespaces/${NAMESPACE}`, { metadata: { annotations } });
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof KubernetesApiError && error.status === 404)) throw error;
}

type Given = Parameters<typeof aRecord>[0] & {
  readonly deletion?: Rules['deletion'];
  /** All its workloads are at 0. */
  readonly isAsleep?: boolean;
};

/**
 * What is decided of the branch at a time, in a word: the reason to keep it, else what is done. It was deployed long ago, and last visited at
 * `NOON`, unless the record says otherwise.
 */
export function decided(seen: Seen, given: Given, atMs: number): string {
  const { isAsleep = false, deletion = RULES.deletion, ...record } = given;
  const longAgo = { createdMs: 0, lastEditMs: 0, ...(isAsleep ? { replicas: 0 } : {}) };
  const workloads = seen.workloads.map((workload) => ({ ...workload, ...longAgo }));
  return inAWord(decide({ ...seen, workloads }, { record, deletion }, atMs));
}

/** The same with the times at which it was really deployed; nobody ever visited it. */
export function decidedAsDeployed(seen: Seen, atMs: number): string {
  return inAWord(decide(seen, { record: { lastAccessMs: 0 }, deletion: RULES.deletion }, atMs));
}

type Told = { readonly record: Partial<BranchRecord>; readonly deletion: Rules['deletion'] };

export function decide(
  { workloads, inherited, jobs }: Seen,
  { record, deletion }: Told,
  atMs: number,
): BranchDecision {
  const state = { branch: BRANCH, workloads, jobs, stored: stored(aRecord(record)) };
  return decideBranch(state, { ...RULES, inherited, deletion }, atMs);
}

function inAWord(decision: BranchDecision): string {
  if (decision.action === 'keep') return decision.reason;
  if (decision.action === 'heal') return `wake: ${decision.reason}`;
  return decision.action === 'settle' ? decision.end : decision.action;
}

/** To how many the Deployment would wake that had `remembered`. */
export function wokenTo({ workloads, inherited, bounds }: Seen, remembered: number): number | undefined {
  const ref: WorkloadRef = `deployment/${BRANCH}`;
  const record = aRecord({ asleepSinceMs: 0, replicas: { [ref]: remembered } });
  const plan = planWake(workloads, record, { inherited, bounds });
  return plan.find((member) => member.ref === ref)?.replicas;
}

/** A record as the docs write it: what is left out is as of a branch that was visited at `NOON`. */
export function recordOf(json: string): BranchRecord {
  const fields: Readonly<Record<string, unknown>> = JSON.parse(json);
  const times = Object.entries(fields).map(([name, value]) => [name, new Date(String(value))] as const);
  const { lastAccessMs } = aRecord();
  const read = parseBranchDocument({
    v: 1,
    wakeMs: [],
    lastAccess: new Date(lastAccessMs),
    ...Object.fromEntries(times),
  });
  if ('problem' in read) throw new Error(read.problem);
  return read.record;
}
