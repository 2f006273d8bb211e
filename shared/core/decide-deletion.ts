import { activityMs } from './branch.ts';
import { type BranchRecord, isPinned } from './branch-record.ts';
import type { Policy } from './policy.ts';
import type { Timing } from './timing.ts';
import type { GitOpsTool, Workload } from './workload.ts';

/** Whether and how `dormouse/delete-after` is heeded. */
export type DeletionRules = {
  /** The sleep function has the right to delete: Terraform's switch. */
  readonly mayDelete: boolean;
  /** When a sweep was blind last, by the store's clock; `unknown`: that cannot be read. */
  readonly lastBlindMs: number | 'never' | 'unknown';
};

export type DeletionDecision =
  /** Say it first: `deleteAtMs` is the earliest moment at which it will be deleted. */
  | { readonly action: 'announce-deletion'; readonly deleteAtMs: number }
  | { readonly action: 'delete'; readonly idleMs: number };

/** It was announced, and its time has not come. */
export type DeletionPending = { readonly deleteAtMs: number };

/** A branch whose members are at 0. */
export type DeletionState = {
  readonly workloads: readonly Workload[];
  readonly record: BranchRecord;
  readonly policy: Policy;
};

type Circumstances = { readonly rules: DeletionRules; readonly timing: Timing };

/**
 * Decides whether a branch that is at 0 is to be deleted, a week after that was announced. Fails closed: whoever came,
 * edited it, pinned it or wrote an annotation that cannot be read keeps it, and so do a blind sweep for a week and a
 * workload that runs without being a member.
 */
export function decideDeletion(
  { workloads, record, policy }: DeletionState,
  { rules, timing }: Circumstances,
  nowMs: number,
): DeletionDecision | DeletionPending | { readonly trackedBy: GitOpsTool } | undefined {
  const { deleteAfterMs } = policy;
  if (deleteAfterMs === undefined || isKept({ workloads, record, policy }, nowMs)) return undefined;
  if (!rules.mayDelete || wasBlind(rules, timing, nowMs)) return undefined;
  const lastActivityMs = lastSignMs(record, workloads);
  const idleMs = nowMs - lastActivityMs;
  if (idleMs < Math.max(deleteAfterMs - timing.deletionNoticeMs, timing.minIdleAfterMs)) return undefined;
  const trackedBy = workloads.find((workload) => workload.trackedBy !== undefined)?.trackedBy;
  if (trackedBy !== undefined) return { trackedBy };
  const announcedAtMs = record.deletionAnnouncedAtMs;
  const deleteAtMs = Math.max(
    lastActivityMs + deleteAfterMs,
    (announcedAtMs ?? nowMs) + timing.deletionNoticeMs,
  );
  const isAnnounced = announcedAtMs !== undefined && announcedAtMs >= lastActivityMs;
  if (!isAnnounced) return { action: 'announce-deletion', deleteAtMs };
  return nowMs >= deleteAtMs ? { action: 'delete', idleMs } : { deleteAtMs };
}

/** Whether the week of an announcement that still holds is over, whatever is left of the branch. */
export function isDeletionDue(
  record: BranchRecord,
  { deletion, timing }: { deletion: DeletionRules; timing: Timing },
  nowMs: number,
): boolean {
  const { deletionAnnouncedAtMs: announcedAtMs } = record;
  if (!deletion.mayDelete || announcedAtMs === undefined) return false;
  if (isPinned(record, nowMs) || wasBlind(deletion, timing, nowMs)) return false;
  return announcedAtMs >= lastSignMs(record, []) && nowMs - announcedAtMs >= timing.deletionNoticeMs;
}

/** Background activity counts whoever caused it: nothing is deleted under somebody's open page. */
function lastSignMs(record: BranchRecord, workloads: readonly Workload[]): number {
  return Math.max(activityMs(record, workloads), record.lastBackgroundMs ?? 0);
}

function isKept({ workloads, record, policy }: DeletionState, nowMs: number): boolean {
  const isRunning = workloads.some(({ replicas }) => replicas > 0);
  return isRunning || isPinned(record, nowMs) || policy.problems.length > 0;
}

function wasBlind({ lastBlindMs }: DeletionRules, { deletionNoticeMs }: Timing, nowMs: number): boolean {
  if (lastBlindMs === 'unknown') return true;
  return lastBlindMs !== 'never' && nowMs - lastBlindMs < deletionNoticeMs;
}
