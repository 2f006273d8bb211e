import { groupByBranch, replicasUp, revisionsOf } from '../core/branch.ts';
import type { ReplicaCounts, StoredRecord } from '../core/branch-record.ts';
import { type BranchState, decideBranch } from '../core/decide-branch.ts';
import { messageOf } from '../core/message-of.ts';
import type { SleepResult } from '../core/sweep-result.ts';
import { type Workload, workloadRef } from '../core/workload.ts';
import type { SweepContext } from './sweep-context.ts';
import { wakeMembers, wakeProblem } from './wake-members.ts';

type Undone = Extract<SleepResult, { result: 'undone' }>;
type Claim = {
  readonly version: string;
  readonly claimedAtMs: number;
  readonly workloads: readonly Workload[];
};

/**
 * Puts one branch to sleep: reads it again, decides again, claims it, scales it to 0, and looks whether somebody
 * came meanwhile. Fails closed: any doubt after the claim wakes all that was claimed.
 * @throws ClusterError | StoreError when nothing was changed yet
 */
export async function sleepBranch(
  context: SweepContext,
  state: BranchState & { readonly stored: StoredRecord },
  nowMs: number,
): Promise<SleepResult> {
  const { cluster, store } = context;
  const { branch, stored } = state;
  const workloads = groupByBranch(await cluster.readBranch(branch)).get(branch) ?? [];
  const decision = decideBranch({ ...state, workloads }, context.rules, nowMs);
  if (decision.action !== 'sleep') {
    return { result: 'kept', reason: decision.action === 'keep' ? decision.reason : 'changed-meanwhile' };
  }
  const replicas = replicasUp(workloads);
  const revisions = revisionsOf(workloads);
  const change = { asleepSince: 'now', replicas, revisions, expireAtMs: 'clear' } as const;
  const claimedAtMs = context.now();
  const claimed = await store.update(branch, stored.version, change);
  if (claimed.outcome === 'conflict') return { result: 'kept', reason: 'changed-meanwhile' };
  const claim = { version: claimed.version, claimedAtMs, workloads };
  const doubt = (await scaleDown(context, claim)) ?? (await findDoubt(context, branch, claim));
  return doubt === undefined ? { result: 'slept', replicas } : undo(context, claim, { doubt, replicas });
}

async function scaleDown(
  context: SweepContext,
  { workloads, claimedAtMs }: Claim,
): Promise<Undone | undefined> {
  const { cluster, rules, now } = context;
  if (now() - claimedAtMs > rules.timing.claimDeadlineMs) return undone('claim-deadline');
  const up = workloads.filter((workload) => workload.replicas > 0);
  const outcomes = await Promise.allSettled(
    up.map((workload) => cluster.lower(workloadRef(workload), workload.resourceVersion)),
  );
  const rejected = outcomes.find((outcome) => outcome.status === 'rejected');
  if (rejected !== undefined) return undone('scaling-failed', messageOf(rejected.reason));
  const isConflict = outcomes.some(
    (outcome) => outcome.status === 'fulfilled' && outcome.value === 'conflict',
  );
  return isConflict ? undone('conflict') : undefined;
}

/** Has the record changed since the claim's own write, by versions and not by clocks? */
async function findDoubt(context: SweepContext, branch: string, claim: Claim): Promise<Undone | undefined> {
  const { store, rules, now } = context;
  if (now() - claim.claimedAtMs > rules.timing.claimDeadlineMs) return undone('claim-deadline');
  try {
    const read = await store.readRecord(branch);
    const isUnchanged = read.outcome === 'found' && read.version === claim.version;
    return isUnchanged ? undefined : undone('visited-meanwhile');
  } catch (error) {
    return undone('record-unreadable', messageOf(error));
  }
}

/** Wakes all of the claim, for a call that failed may have succeeded, and leaves `asleepSince` to a sweep. */
async function undo(
  { cluster, surroundings }: SweepContext,
  claim: Claim,
  { doubt, replicas }: { doubt: Undone; replicas: ReplicaCounts },
): Promise<SleepResult> {
  const members = claim.workloads.filter((workload) => workload.replicas > 0);
  const record = { lastAccessMs: 0, asleepSinceMs: 0, wakeMs: [], replicas };
  const problem = wakeProblem(await wakeMembers(cluster, { members, record, surroundings }));
  return problem === undefined
    ? doubt
    : { ...doubt, problem: [doubt.problem, problem].filter(Boolean).join('; ') };
}

function undone(reason: Undone['reason'], problem?: string): Undone {
  return problem === undefined ? { result: 'undone', reason } : { result: 'undone', reason, problem };
}
