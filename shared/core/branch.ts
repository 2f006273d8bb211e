import type { BranchRecord, ReplicaCounts } from './branch-record.ts';
import { annotatedReplicas } from './policy.ts';
import { type Workload, type WorkloadRef, workloadRef } from './workload.ts';

const BRANCH_SUFFIX = '--g';

/** The branch that a workload belongs to: its label wins over its name. Undefined: it belongs to none. */
export function branchOf(workload: Pick<Workload, 'name' | 'branchLabel'>): string | undefined {
  const branch = workload.branchLabel ?? workload.name;
  return branch.endsWith(BRANCH_SUFFIX) && branch.length > BRANCH_SUFFIX.length ? branch : undefined;
}

/** Sorts the workloads of a namespace by their branches and leaves out what belongs to none. */
export function groupByBranch(workloads: readonly Workload[]): Map<string, Workload[]> {
  const branches = new Map<string, Workload[]>();
  for (const workload of workloads) {
    const branch = branchOf(workload);
    if (branch === undefined) continue;
    const group = branches.get(branch);
    if (group === undefined) branches.set(branch, [workload]);
    else group.push(workload);
  }
  return branches;
}

/**
 * The workloads that say whether a branch is asleep: the one of its name and, while it is claimed, those that the
 * claim remembers. All of them where that names none. Without a readable record all: doubt means wake.
 */
export function membersOf(
  branch: string,
  workloads: readonly Workload[],
  record: BranchRecord | undefined,
): readonly Workload[] {
  if (record === undefined) return workloads;
  const claimed = claimedReplicas(record);
  const named = workloads.filter(
    (workload) => workload.name === branch || claimed[workloadRef(workload)] !== undefined,
  );
  return named.length > 0 ? named : workloads;
}

/** The counts before sleep, as long as they count. */
export function claimedReplicas(record: BranchRecord | undefined): ReplicaCounts {
  return record?.asleepSinceMs === undefined ? {} : (record.replicas ?? {});
}

/** What a claim remembers: the counts of all that is up. */
export function replicasUp(workloads: readonly Workload[]): ReplicaCounts {
  const up = workloads.filter((workload) => workload.replicas > 0);
  return Object.fromEntries(up.map((workload) => [workloadRef(workload), workload.replicas]));
}

/** How to wake members: each to its annotation, else what was remembered, else 1. */
export function planWake(
  members: readonly Workload[],
  record: BranchRecord | undefined,
): readonly { readonly ref: WorkloadRef; readonly replicas: number }[] {
  const remembered = claimedReplicas(record);
  return members.map((workload) => {
    const ref = workloadRef(workload);
    return { ref, replicas: annotatedReplicas(workload) ?? remembered[ref] ?? 1 };
  });
}

export function isAsleep(members: readonly Workload[]): boolean {
  return members.some((workload) => workload.replicas === 0);
}

/** The latest sign of life: a visit, an edit or the creation of any of its workloads. Epoch ms. */
export function activityMs(record: BranchRecord, workloads: readonly Workload[]): number {
  const edits = workloads.flatMap((workload) => [workload.lastEditMs, workload.createdMs]);
  return Math.max(record.lastAccessMs, ...edits);
}

/** Whether somebody came after the claim: stamps do not order writes, so a little before counts as after. */
export function isVisitedSinceClaim(record: BranchRecord, visitSlackMs: number): boolean {
  return record.asleepSinceMs !== undefined && record.lastAccessMs > record.asleepSinceMs - visitSlackMs;
}
