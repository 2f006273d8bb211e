import type { WorkloadRef } from './workload.ts';

/** Workloads and the revisions of their pod templates. */
export type Revisions = Readonly<Partial<Record<WorkloadRef, string>>>;

/** Workloads and their counts. */
export type ReplicaCounts = Readonly<Partial<Record<WorkloadRef, number>>>;

export function countPods(replicas: ReplicaCounts = {}): number {
  return Object.values(replicas).reduce<number>((sum, count = 0) => sum + count, 0);
}

/**
 * What the store remembers of one branch (version 1). Every time is the store's own, in epoch ms: `lastAccess`
 * and `asleepSince` are stamped by the store, never by an instance's clock.
 */
export type BranchRecord = {
  readonly lastAccessMs: number;
  /** The last sign of background activity: a page that is open, without anybody who asked for one. */
  readonly lastBackgroundMs?: number;
  /** Set by the claim of a sweep, cleared only by a sweep that found every member above 0. */
  readonly asleepSinceMs?: number;
  /** Counts before sleep. They count only while `asleepSinceMs` is set. */
  readonly replicas?: ReplicaCounts;
  /** Of its pod templates at the claim: they tell a deploy from replicas that were merely put back. */
  readonly revisions?: Revisions;
  /** Found at 0 without a claim: somebody scaled by hand. */
  readonly offSinceMs?: number;
  /** How often in a row somebody else put the replicas back. A visit clears it. */
  readonly contested?: number;
  readonly pinnedUntilMs?: number;
  /** Durations of the last few wakes, newest last. */
  readonly wakeMs: readonly number[];
  /** When it was first said that the branch is going to be deleted. An activity since makes it void. */
  readonly deletionAnnouncedAtMs?: number;
  /** When the store may delete the record of a branch that is gone. */
  readonly expireAtMs?: number;
};

export function isPinned({ pinnedUntilMs = 0 }: BranchRecord, nowMs: number): boolean {
  return pinnedUntilMs > nowMs;
}

/** A record and the opaque version that a conditional write names. */
export type StoredRecord = { readonly record: BranchRecord; readonly version: string };

/**
 * Fields to write. `'now'` is the store's clock at the write, `'clear'` removes the field; a field that is not
 * named stays as it is. `replicas` and `revisions` are replaced whole.
 */
export type RecordChange = {
  readonly lastAccess?: 'now';
  readonly asleepSince?: 'now' | 'clear';
  readonly replicas?: ReplicaCounts | 'clear';
  readonly revisions?: Revisions | 'clear';
  readonly offSince?: 'now' | 'clear';
  readonly contested?: number | 'clear';
  readonly pinnedUntilMs?: number | 'clear';
  readonly wakeMs?: readonly number[];
  readonly deletionAnnouncedAt?: 'now' | 'clear';
  readonly expireAtMs?: number | 'clear';
};

/** A proxy that reported that touches arrive. */
export type Heartbeat = {
  readonly proxy: string;
  readonly lastBeatMs: number;
  /** When it was last heard again after a silence. */
  readonly resumedMs?: number;
};
