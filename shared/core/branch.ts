import { isBranchName } from './branch-host.ts';
import type { BranchRecord, ReplicaCounts } from './branch-record.ts';
import { annotatedReplicas } from './policy.ts';
import { bearerOf, type Workload, type WorkloadRef, workloadRef } from './workload.ts';

/**
 * The branch that a workload belongs to: its label wins over its name. Undefined: it belongs to none, or to one that no
 * visitor could ask for, and that nothing would wake.
 */
export function branchOf(workload: Pick<Workload, 'name' | 'branchLabel'>): string | undefined {
  const branch = workload.branchLabel ?? workload.name;
  return isBranchName(branch) ? branch : undefined;
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
 * The workloads that say whether a branch is asleep: the one that bears its name and, while it is claimed, those that
 * the claim remembers. Where that names none, those that are up; a companion that a person keeps at 0 is none. Without a readable record all: doubt means wake.
 */
export function membersOf(
  branch: string,
  workloads: readonly Workload[],
  record: BranchRecord | undefined,
): readonly Workload[] {
  if (record === undefined) return workloads;
  const claimed = claimedReplicas(record);
  const bearer = bearerOf(branch, workloads);
  const named = workloads.filter(
    (workload) => workload === bearer || claimed[workloadRef(workload)] !== undefined,
  );
  if (named.length > 0) return named;
  const up = workloads.filter((workload) => workload.replicas > 0);
  return up.length > 0 ? up : workloads;
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
