import { isReachable } from '../core/branch-view.ts';
import { judgeWake } from '../core/judge-wake.ts';
import { policyOf } from '../core/policy.ts';
import type { Timing } from '../core/timing.ts';
import { bearerOf, type WorkloadRef, workloadRef } from '../core/workload.ts';
import type { VisitCluster, VisitStore, WatchCluster } from '../ports.ts';
import type { WakeSight } from './follow-branch.ts';
import type { KnownBranches } from './known-branches.ts';

/** What is known of a branch whose page is asked for. */
export type BranchSighting =
  /** `wakeMs`: durations of its last wakes. */
  | { readonly kind: 'waking'; readonly sight: WakeSight; readonly wakeMs: readonly number[] }
  | { readonly kind: 'no-such-branch' }
  /** At 0 and not to be woken by a visit. `ref` is what a person would scale. */
  | { readonly kind: 'opted-out'; readonly ref?: WorkloadRef };

export type LookUpDependencies = {
  readonly cluster: VisitCluster & WatchCluster;
  readonly store: VisitStore;
  readonly known: KnownBranches;
  readonly timing: Timing;
  /** Then no visit wakes anything, and nobody need wait for it. */
  readonly isDryRun: boolean;
};

const NO_NEWS: WakeSight = { state: { state: 'waiting', step: 'pod' } };

/** Creates the flow that looks once at a branch, to tell a visitor about it. It records and changes nothing. */
export function createLookUp(dependencies: LookUpDependencies): (branch: string) => Promise<BranchSighting> {
  return async (branch) => {
    const answer = await dependencies.known.ask(branch);
    if (answer === 'unknown') return { kind: 'no-such-branch' };
    if (answer === 'busy') return { kind: 'waking', sight: NO_NEWS, wakeMs: [] };
    return sightKnown(dependencies, branch);
  };
}

async function sightKnown(
  { cluster, store, timing, isDryRun }: LookUpDependencies,
  branch: string,
): Promise<BranchSighting> {
  const [workloads, view, wakeMs] = await Promise.all([
    cluster.readBranch(branch),
    cluster.viewBranch(branch),
    readDurations(store, branch),
  ]);
  const [first] = workloads;
  if (first === undefined && !isReachable(view)) return { kind: 'no-such-branch' };
  const isLeftAlone = isDryRun || !policyOf(branch, workloads, timing).isEnabled;
  const bearer = bearerOf(branch, workloads) ?? first;
  if (bearer !== undefined && isLeftAlone && bearer.replicas === 0)
    return { kind: 'opted-out', ref: workloadRef(bearer) };
  return { kind: 'waking', sight: { state: judgeWake(branch, view), view }, wakeMs };
}

/** A store that fails costs the visitor the usual time, nothing else. */
async function readDurations(store: VisitStore, branch: string): Promise<readonly number[]> {
  try {
    const read = await store.readRecord(branch);
    return read.outcome === 'found' ? read.record.wakeMs : [];
  } catch {
    return [];
  }
}
