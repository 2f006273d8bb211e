import type { ReplicaCounts } from './branch-record.ts';
import type { BranchDecision, ClaimEnd, KeepReason } from './decide-branch.ts';
import type { WorkloadRef } from './workload.ts';

/** What became of one member when a branch was woken: `failed` carries the error's message. */
export type WokenMember = {
  readonly ref: WorkloadRef;
  readonly replicas: number;
  readonly outcome: 'raised' | 'not-at-zero' | 'gone' | 'failed';
  readonly problem?: string;
};

/** How an attempt to put one branch to sleep ended. Everything but `slept` leaves it awake. */
export type SleepResult =
  | { readonly result: 'slept'; readonly replicas: ReplicaCounts }
  /** A second look found a reason to keep it, or somebody else wrote its record. */
  | { readonly result: 'kept'; readonly reason: KeepReason | 'changed-meanwhile' }
  /** It was claimed and then woken again. */
  | { readonly result: 'undone'; readonly reason: UndoReason; readonly problem?: string };

export type UndoReason =
  | 'conflict'
  | 'visited-meanwhile'
  | 'claim-deadline'
  | 'record-unreadable'
  | 'scaling-failed';

/** How the end of a claim went. */
export type SettleResult =
  | { readonly result: 'settled'; readonly end: ClaimEnd; readonly contested?: number }
  /** Not all members are up yet: the next sweep goes on. */
  | { readonly result: 'waking'; readonly woken: readonly WokenMember[]; readonly problem?: string }
  | { readonly result: 'kept'; readonly reason: 'changed-meanwhile' };

/** How the deletion of one branch ended. `kept`: somebody came or something moved, and nothing was deleted. */
export type DeletionResult =
  /** `problem`: what moved too late to save the branch, and stays. */
  | { readonly result: 'deleted'; readonly workloads: readonly WorkloadRef[]; readonly problem?: string }
  | { readonly result: 'kept'; readonly reason: KeepReason | 'changed-meanwhile' };

/** What became of one branch in a sweep. */
export type BranchResult =
  | {
      readonly result: 'kept';
      readonly reason: KeepReason | 'blind' | 'changed-meanwhile' | 'deadline' | 'dry-run' | 'registered';
    }
  | { readonly result: 'noted'; readonly note: 'note-off' | 'note-on' | 'announce-deletion' | 'expire' }
  | { readonly result: 'healed'; readonly woken: readonly WokenMember[]; readonly problem?: string }
  | DeletionResult
  | { readonly result: 'failed'; readonly problem: string }
  | SleepResult
  | SettleResult;

/** One branch of a sweep: what was decided and what became of it. */
export type SweptBranch = {
  readonly branch: string;
  readonly decision: BranchDecision;
  readonly result: BranchResult;
};
