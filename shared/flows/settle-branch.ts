import { isAsleep, membersOf } from '../core/branch.ts';
import type { RecordChange, StoredRecord } from '../core/branch-record.ts';
import { type BranchState, type ClaimEnd, claimEndOf } from '../core/decide-branch.ts';
import { policyOf } from '../core/policy.ts';
import type { SettleResult, WokenMember } from '../core/sweep-result.ts';
import type { SweepContext } from './sweep-context.ts';
import { wakeMembers, wakeProblem } from './wake-members.ts';

type Stored = BranchState & { readonly stored: StoredRecord };

/**
 * Ends the claim of a branch that was found above 0: wakes the rest of it, reads it again, and only when all its
 * members are up clears `asleepSince`, on condition that the record is unchanged. Nothing else clears it.
 * Put back by somebody else without a visit, it counts as visited and, unless by a deploy, as contested.
 */
export async function settleBranch(
  context: SweepContext,
  state: Stored,
  nowMs: number,
): Promise<SettleResult> {
  const { cluster, store, rules } = context;
  const { branch, stored } = state;
  const woken = await wakeRest(context, state);
  const workloads = await cluster.readBranch(branch);
  const members = membersOf(branch, workloads, stored.record);
  const problem = wakeProblem(woken);
  if (members.length === 0 || isAsleep(members) || problem !== undefined) {
    return { result: 'waking', woken, ...(problem === undefined ? {} : { problem }) };
  }
  const policy = policyOf(branch, workloads, rules);
  const end = claimEndOf({ workloads }, { record: stored.record, policy }, { rules, nowMs });
  const contested = end === 'put-back' ? (stored.record.contested ?? 0) + 1 : undefined;
  const written = await store.update(branch, stored.version, endOfClaim(end, contested));
  if (written.outcome === 'conflict') return { result: 'kept', reason: 'changed-meanwhile' };
  return { result: 'settled', end, ...(contested === undefined ? {} : { contested }) };
}

async function wakeRest(
  { cluster, surroundings }: SweepContext,
  { branch, workloads, stored }: Stored,
): Promise<readonly WokenMember[]> {
  const members = membersOf(branch, workloads, stored.record);
  return isAsleep(members) ? wakeMembers(cluster, { members, record: stored.record, surroundings }) : [];
}

/** A deploy ends a contest. What Dormouse itself woke ahead of its hours was visited by nobody. */
function endOfClaim(end: ClaimEnd, contested: number | undefined): RecordChange {
  const ended = { asleepSince: 'clear', replicas: 'clear', revisions: 'clear' } as const;
  if (end === 'visited' || end === 'expected') return ended;
  return { ...ended, lastAccess: 'now', contested: contested ?? 'clear' };
}
