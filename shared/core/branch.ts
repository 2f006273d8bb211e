import { isBranchName } from './branch-host.ts';
import type { BranchRecord, ReplicaCounts, Revisions } from './branch-record.ts';
import { annotatedReplicas } from './policy.ts';
import { type Annotations, bearerOf, type Workload, type WorkloadRef, workloadRef } from './workload.ts';

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

/** The pod templates of all that has one that a controller has seen. */
export function revisionsOf(workloads: readonly Workload[]): Revisions {
  const seen = workloads.filter((workload) => workload.revision !== undefined);
  return Object.fromEntries(seen.map((workload) => [workloadRef(workload), workload.revision]));
}

/**
 * Whether a pod template is another one than at the claim. Where the claim did not note it, any edit since counts: a
 * deploy must never pass for a contest.
 */
export function isDeployedSinceClaim(record: BranchRecord, workloads: readonly Workload[]): boolean {
  return workloads.some((workload) => {
    const before = record.revisions?.[workloadRef(workload)];
    if (before === undefined || workload.revision === undefined)
      return workload.lastEditMs > (record.asleepSinceMs ?? 0);
    return workload.revision !== before;
  });
}

/** What a claim remembers: the counts of all that is up. */
export function replicasUp(workloads: readonly Workload[]): ReplicaCounts {
  const up = workloads.filter((workload) => workload.replicas > 0);
  return Object.fromEntries(up.map((workload) => [workloadRef(workload), workload.replicas]));
}

/** Between which counts an HPA keeps a workload. */
export type Bounds = { readonly min: number; readonly max: number };

/** What a wake must know besides the branch itself. */
export type WakeSurroundings = {
  /** The namespace's annotations. */
  readonly inherited: Annotations;
  readonly bounds: ReadonlyMap<WorkloadRef, Bounds>;
};

/** How to wake members: each to its annotation, else what was remembered, else 1, within the bounds of its HPA. */
export function planWake(
  members: readonly Workload[],
  record: BranchRecord | undefined,
  { inherited, bounds }: WakeSurroundings,
): readonly { readonly ref: WorkloadRef; readonly replicas: number }[] {
  const remembered = claimedReplicas(record);
  return members.map((workload) => {
    const ref = workloadRef(workload);
    const wanted = annotatedReplicas(workload, inherited) ?? remembered[ref] ?? 1;
    const { min, max } = bounds.get(ref) ?? { min: 1, max: wanted };
    return { ref, replicas: Math.max(1, Math.min(Math.max(wanted, min), max)) };
  });
}

export function isAsleep(members: readonly Workload[]): boolean {
  return members.some((workload) => workload.replicas === 0);
}

/** The latest sign of life but background activity: a visit, an edit or the creation of any of its workloads. Epoch ms. */
export function activityMs(record: BranchRecord, workloads: readonly Workload[]): number {
  const edits = workloads.flatMap((workload) => [workload.lastEditMs, workload.createdMs]);
  return Math.max(record.lastAccessMs, ...edits);
}

/**
 * Whether background activity now is as good as a visit. It is for so long after the last ordinary request; then the
 * branch may sleep, and nothing in the background wakes it.
 */
export function isBackgroundHeeded(record: BranchRecord, backgroundMaxMs: number, atMs: number): boolean {
  return atMs - record.lastAccessMs < backgroundMaxMs;
}

/**
 * Whether a page in the background that asks just now may wake the branch: its record was read after that was stamped,
 * and so holds the store's own time of it. Without a record: doubt means wake.
 */
export function isPageHeeded(record: BranchRecord | undefined, backgroundMaxMs: number): boolean {
  if (record === undefined) return true;
  return isBackgroundHeeded(record, backgroundMaxMs, record.lastBackgroundMs ?? record.lastAccessMs);
}

/** Whether somebody came after the claim: stamps do not order writes, so a little before counts as after. */
export function isVisitedSinceClaim(
  record: BranchRecord,
  { visitSlackMs, backgroundMaxMs }: { visitSlackMs: number; backgroundMaxMs: number },
): boolean {
  const { asleepSinceMs, lastAccessMs, lastBackgroundMs } = record;
  if (asleepSinceMs === undefined) return false;
  const isSince = (ms: number) => ms > asleepSinceMs - visitSlackMs;
  if (isSince(lastAccessMs)) return true;
  if (lastBackgroundMs === undefined || !isSince(lastBackgroundMs)) return false;
  return isBackgroundHeeded(record, backgroundMaxMs, lastBackgroundMs);
}
