import type { Bounds } from './core/branch.ts';
import type { BranchRecord, Heartbeat, RecordChange, StoredRecord } from './core/branch-record.ts';
import type { BranchView } from './core/branch-view.ts';
import type { RunningJob } from './core/decide-branch.ts';
import type { Notice } from './core/notice-of.ts';
import type { Annotations, Workload, WorkloadRef } from './core/workload.ts';

/**
 * What the flows need of the world, in our words. Every call is bounded in time by its adapter and rejects with
 * a `ClusterError` or `StoreError` when the system behind it fails; an expected outcome is a value.
 * The two `Visit…` ports are the touch path: an adapter of theirs must start fast. The contract suites in
 * test/contract/ say what each method promises.
 */

/** Kubernetes did not do what it was asked: unreachable, refused, too slow, or not understood. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}

/** The store did not do what it was asked: unreachable, refused, too slow. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

export interface VisitCluster {
  /**
   * Every workload that belongs to the branch: those labelled `dormouse/branch: BRANCH`, and the Deployment and
   * the StatefulSet of its name unless a label gives them to another branch. Empty if there is none. Never cached.
   */
  readBranch(branch: string): Promise<readonly Workload[]>;
  /** Whether a Service bears the branch's name. Never cached. */
  hasService(branch: string): Promise<boolean>;
  /** One workload, whoever it belongs to. Never cached. */
  readWorkload(ref: WorkloadRef): Promise<Workload | undefined>;
  /** Scales one workload up, on condition that it is still at 0. Safe to repeat. */
  raise(ref: WorkloadRef, replicas: number): Promise<'raised' | 'not-at-zero' | 'gone'>;
  /** The annotations of the namespace itself: what its branches inherit. Never cached. */
  readInherited(): Promise<Annotations>;
  /** The bounds of every workload of the namespace that an HPA scales. Never cached. */
  listBounds(): Promise<ReadonlyMap<WorkloadRef, Bounds>>;
}

/** Something that is to be deleted, as it was when that was decided. */
export type Condemned = Pick<Workload, 'kind' | 'name' | 'uid' | 'resourceVersion'>;

export interface Cluster extends VisitCluster {
  /** Every workload of the namespace, read in pages. */
  listWorkloads(): Promise<readonly Workload[]>;
  /**
   * Scales one workload to 0, on condition that its resourceVersion has not moved. Fails closed: a call whose
   * answer was lost may report `conflict`, or reject, although it took effect.
   */
  lower(ref: WorkloadRef, resourceVersion: string): Promise<'lowered' | 'conflict' | 'gone'>;
  /** The Jobs that run, by branch: the label `dormouse/branch`, else the name. Those of a CronJob are left out. */
  listJobs(): Promise<ReadonlyMap<string, readonly RunningJob[]>>;
  /** Writes a Kubernetes Event. One that is still there is left as it is, so that a repeat writes nothing. */
  tell(notice: Notice): Promise<void>;
  /** Deletes one workload and its pods, on condition that it is the very object and has not moved. */
  removeWorkload(condemned: Condemned): Promise<'removed' | 'conflict' | 'gone'>;
  /** Deletes the Service of the branch's name, on condition that it does not change meanwhile. */
  removeService(branch: string): Promise<'removed' | 'conflict' | 'gone'>;
}

/** What a held request and the waiting page need to see of a branch that is waking. */
export interface WatchCluster {
  /** Everything that Kubernetes says of the branch now. No workloads: there is no such branch. */
  viewBranch(branch: string): Promise<BranchView>;
  /**
   * Follows the endpoints of the branch's Service with one watch, and tells how many serve: once at the start and at
   * each change. Resolves when the watch ends, which it may do at any time and without a reason; the caller opens
   * another. A watch can also stay open and fall silent: look beside it.
   */
  watchEndpoints(
    branch: string,
    onServing: (servingEndpoints: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** A record that cannot be read: what is wrong with it, in a sentence that names the field. */
export type MalformedRecord = { readonly branch: string; readonly problem: string };

export type ReadRecord =
  | ({ readonly outcome: 'found' } & StoredRecord)
  | { readonly outcome: 'missing' }
  | ({ readonly outcome: 'malformed' } & MalformedRecord);

export interface VisitStore {
  /**
   * Stamps `lastAccess` by the store's clock, and clears `contested` and `expireAt`, in an existing record.
   * Creates nothing: `missing` tells the caller to look at Kubernetes first.
   */
  stampVisit(branch: string): Promise<'stamped' | 'missing'>;
  /** Stamps `lastBackground` by the store's clock in an existing record, and changes nothing else. */
  stampBackground(branch: string): Promise<'stamped' | 'missing'>;
  /** Creates a record that was visited now. */
  createRecord(branch: string): Promise<'created' | 'exists'>;
  readRecord(branch: string): Promise<ReadRecord>;
  /**
   * Stamps a proxy's beat by the store's clock. One that comes after more than `silenceMs` without any also stamps
   * that beats came back: visits before it may never have arrived.
   */
  stampHeartbeat(proxy: string, silenceMs: number): Promise<void>;
  /**
   * Writes on condition that the record still has `version`. `conflict` also when the record is gone, or when a
   * retried write met its own first try: the caller must take it for "somebody else was here".
   */
  update(branch: string, version: string, change: RecordChange): Promise<UpdateOutcome>;
}

/** Where the last sweep stopped. Without a name, the next one begins at the start. */
export type SweepPlace = {
  /** The branch after which the next sweep goes on, in the order of names. It need not exist any more. */
  readonly resumeAfter?: string;
};

/** What sweeps remember of each other. */
export type SweepMemory = SweepPlace & {
  /** By the store's clock. Undefined: never, as far as is known. */
  readonly lastBlindMs?: number;
};

export interface SweepPlaceStore {
  /** A place that was never written, or that cannot be understood, is the start. */
  readSweepPlace(): Promise<SweepMemory>;
  /** Replaces the place. Nothing decides by it but the order of a sweep: the last of two writers wins. */
  writeSweepPlace(place: SweepPlace): Promise<void>;
  /** Stamps that a sweep was blind, by the store's clock. */
  stampBlindSweep(): Promise<void>;
}

export interface BranchStore extends VisitStore, SweepPlaceStore {
  /** All records of this cluster and namespace, and the store's own time of that read. */
  readAll(): Promise<StoreSnapshot>;
  /** Proxies that ever beat, and the store's own time of that read. */
  readHeartbeats(): Promise<{ readonly heartbeats: readonly Heartbeat[]; readonly nowMs: number }>;
}

export type UpdateOutcome =
  | { readonly outcome: 'written'; readonly version: string }
  | { readonly outcome: 'conflict' };

export type StoreSnapshot = {
  readonly records: ReadonlyMap<string, StoredRecord>;
  readonly malformed: readonly MalformedRecord[];
  readonly nowMs: number;
};

export type { BranchRecord, Heartbeat, RecordChange, StoredRecord, Workload, WorkloadRef };
