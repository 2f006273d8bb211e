import { isAsleep, membersOf } from '../core/branch.ts';
import type { RecordChange, StoredRecord } from '../core/branch-record.ts';
import type { BranchState } from '../core/decide-branch.ts';
import type { SettleResult, WokenMember } from '../core/sweep-result.ts';
import type { Workload } from '../core/workload.ts';
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
  isVisited: boolean,
): Promise<SettleResult> {
  const { cluster, store } = context;
  const { branch, stored } = state;
  const woken = await wakeRest(context, state);
  const workloads = await cluster.readBranch(branch);
  const members = membersOf(branch, workloads, stored.record);
  const problem = wakeProblem(woken);
  if (members.length === 0 || isAsleep(members) || problem !== undefined) {
    return { result: 'waking', woken, ...(problem === undefined ? {} : { problem }) };
  }
  const contested = countContest(stored, workloads, isVisited);
  const written = await store.update(branch, stored.version, endOfClaim(isVisited, contested));
  if (written.outcome === 'conflict') return { result: 'kept', reason: 'changed-meanwhile' };
  return contested === undefined ? { result: 'settled' } : { result: 'settled', contested };
}

async function wakeRest(
  { cluster }: SweepContext,
  { branch, workloads, stored }: Stored,
): Promise<readonly WokenMember[]> {
  const members = membersOf(branch, workloads, stored.record);
  return isAsleep(members) ? wakeMembers(cluster, members, stored.record) : [];
}

/** A deploy since the claim is no contest; undefined leaves the count as it is. */
function countContest(
  { record }: StoredRecord,
  workloads: readonly Workload[],
  isVisited: boolean,
): number | undefined {
  const lastEditMs = Math.max(...workloads.map((workload) => workload.lastEditMs));
  const isDeployed = lastEditMs > (record.asleepSinceMs ?? 0);
  return isVisited || isDeployed ? undefined : (record.contested ?? 0) + 1;
}

function endOfClaim(isVisited: boolean, contested: number | undefined): RecordChange {
  return {
    asleepSince: 'clear',
    replicas: 'clear',
    ...(isVisited ? {} : { lastAccess: 'now' }),
    ...(contested === undefined ? {} : { contested }),
  };
}
