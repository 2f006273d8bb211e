import { isPageHeeded, type WakeSurroundings } from '../core/branch.ts';
import type { BranchRecord } from '../core/branch-record.ts';
import { isReachable } from '../core/branch-view.ts';
import { judgeWake } from '../core/judge-wake.ts';
import { policyOf } from '../core/policy.ts';
import type { Timing } from '../core/timing.ts';
import { bearerOf, type WorkloadRef, workloadRef } from '../core/workload.ts';
import type { VisitCluster, VisitStore, WatchCluster } from '../ports.ts';
import type { WakeSight } from './follow-branch.ts';
import type { KnownBranches } from './known-branches.ts';
import { readRecord } from './read-record.ts';

/** What is known of a branch whose page is asked for. */
export type BranchSighting =
  /** `wakeMs`: durations of its last wakes. */
  | { readonly kind: 'waking'; readonly sight: WakeSight; readonly wakeMs: readonly number[] }
  | { readonly kind: 'no-such-branch' }
  /** At 0 and not to be woken by a visit. `ref` is what a person would scale. */
  | { readonly kind: 'opted-out'; readonly ref?: WorkloadRef }
  /** At 0, and not to be woken by a page in the background that nobody has used for long. */
  | { readonly kind: 'left-asleep' };

export type LookUpDependencies = {
  readonly cluster: VisitCluster & WatchCluster;
  readonly store: VisitStore;
  readonly known: KnownBranches;
  readonly readSurroundings: () => Promise<WakeSurroundings>;
  readonly timing: Timing;
  /** Then no visit wakes anything, and nobody need wait for it. */
  readonly isDryRun: boolean;
};

const NO_NEWS: WakeSight = { state: { state: 'waiting', step: 'pod' } };

export type LookUp = (
  branch: string,
  options?: { readonly isBackground?: boolean },
) => Promise<BranchSighting>;

/** Creates the flow that looks once at a branch, to tell a visitor about it. It records and changes nothing. */
export function createLookUp(dependencies: LookUpDependencies): LookUp {
  return async (branch, { isBackground = false } = {}) => {
    const answer = await dependencies.known.ask(branch);
    if (answer === 'unknown') return { kind: 'no-such-branch' };
    if (answer === 'busy') return { kind: 'waking', sight: NO_NEWS, wakeMs: [] };
    return sightKnown(dependencies, branch, isBackground);
  };
}

async function sightKnown(
  dependencies: LookUpDependencies,
  branch: string,
  isBackground: boolean,
): Promise<BranchSighting> {
  const { cluster, store, timing, isDryRun } = dependencies;
  const [workloads, view, record, { inherited }] = await Promise.all([
    cluster.readBranch(branch),
    cluster.viewBranch(branch),
    readRecord(store, branch),
    dependencies.readSurroundings(),
  ]);
  if (workloads.length === 0 && !isReachable(view)) return { kind: 'no-such-branch' };
  const policy = policyOf(branch, workloads, { timing, inherited });
  const bearer = bearerOf(branch, workloads) ?? workloads[0];
  const isAsleep = bearer?.replicas === 0;
  if (isAsleep && (isDryRun || !policy.isEnabled)) return { kind: 'opted-out', ref: workloadRef(bearer) };
  if (isAsleep && isBackground && !isPageHeeded(record, policy.backgroundMaxMs))
    return { kind: 'left-asleep' };
  return { kind: 'waking', sight: { state: judgeWake(branch, view), view }, wakeMs: wakesOf(record) };
}

function wakesOf(record: BranchRecord | undefined): readonly number[] {
  return record?.wakeMs ?? [];
}
