import { branchOf } from '../../core/branch.ts';
import type { RunningJob } from '../../core/decide-branch.ts';
import type { KubernetesTarget } from './kubernetes-rest.ts';
import { BRANCH_LABEL } from './kubernetes-workload.ts';
import { listPages } from './list-pages.ts';

/** What we read of a Job (`batch/v1`). */
type JobObject = {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  /** `active`: how many pods are at work. */
  readonly status?: { readonly active?: number; readonly startTime?: string };
};

/**
 * Lists the Jobs that have pods at work, by branch. Those that a CronJob started are nobody's work.
 * @throws ClusterError
 */
export async function listJobs(
  target: KubernetesTarget,
): Promise<ReadonlyMap<string, readonly RunningJob[]>> {
  const { namespace } = target;
  const call = { verb: 'list', resource: 'jobs', namespace } as const;
  const path = `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/jobs`;
  const byBranch = new Map<string, RunningJob[]>();
  for (const { branch, job } of (await listPages(target, call, { path, readItem })).flat()) {
    byBranch.set(branch, [...(byBranch.get(branch) ?? []), job]);
  }
  return byBranch;
}

/** None or one. */
function readItem({ metadata, status = {} }: JobObject): { branch: string; job: RunningJob }[] {
  const { name, labels = {}, ownerReferences = [] } = metadata;
  const branchLabel = labels[BRANCH_LABEL];
  const branch = branchOf({ name, ...(branchLabel === undefined ? {} : { branchLabel }) });
  const isOfCronJob = ownerReferences.some(({ kind }) => kind === 'CronJob');
  if (branch === undefined || isOfCronJob || !status.active) return [];
  const startedMs = Date.parse(status.startTime ?? metadata.creationTimestamp);
  if (Number.isNaN(startedMs)) throw new Error(`job ${name} says no time at which it started`);
  return [{ branch, job: { name, startedMs } }];
}
