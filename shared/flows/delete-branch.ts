import { groupByBranch } from '../core/branch.ts';
import type { StoredRecord } from '../core/branch-record.ts';
import { type BranchState, decideBranch } from '../core/decide-branch.ts';
import type { DeletionResult } from '../core/sweep-result.ts';
import { bearerOf, type Workload, workloadRef } from '../core/workload.ts';
import type { Cluster } from '../ports.ts';
import type { SweepContext } from './sweep-context.ts';

const CHANGED: DeletionResult = { result: 'kept', reason: 'changed-meanwhile' };

/**
 * Deletes one branch whose deletion was announced: reads its workloads and its record again, decides again, and deletes
 * each workload on condition that it has not moved, the one that bears the branch's name first and alone. A visit
 * meanwhile scales that one up, which moves it: then the branch stays whole. What moves only after it went stays and is
 * named, and with it the Service, which goes last.
 * @throws ClusterError | StoreError what is left is looked at anew by the next sweep
 */
export async function deleteBranch(
  { cluster, store, rules }: SweepContext,
  state: BranchState & { readonly stored: StoredRecord },
  nowMs: number,
): Promise<DeletionResult> {
  const { branch } = state;
  const workloads = groupByBranch(await cluster.readBranch(branch)).get(branch) ?? [];
  const read = await store.readRecord(branch);
  if (read.outcome !== 'found' || read.version !== state.stored.version) return CHANGED;
  const decision = decideBranch({ ...state, workloads, stored: read }, rules, nowMs);
  if (decision.action === 'keep') return { result: 'kept', reason: decision.reason };
  if (decision.action !== 'delete') return CHANGED;
  const [first, ...rest] = bearerFirst(branch, workloads);
  if (first === undefined || (await cluster.removeWorkload(first)) === 'conflict') return CHANGED;
  const left = await removeAll(cluster, rest);
  if (left.length === 0) await cluster.removeService(branch);
  return deletionOf(workloads, left);
}

function bearerFirst(branch: string, workloads: readonly Workload[]): readonly Workload[] {
  const bearer = bearerOf(branch, workloads);
  return bearer === undefined ? workloads : [bearer, ...workloads.filter((each) => each !== bearer)];
}

/** Returns what moved meanwhile, and so stays. */
async function removeAll(cluster: Cluster, workloads: readonly Workload[]): Promise<readonly Workload[]> {
  const removed = await Promise.all(workloads.map((workload) => cluster.removeWorkload(workload)));
  return workloads.filter((_, index) => removed[index] === 'conflict');
}

function deletionOf(workloads: readonly Workload[], left: readonly Workload[]): DeletionResult {
  const deleted = workloads.filter((workload) => !left.includes(workload)).map(workloadRef);
  if (left.length === 0) return { result: 'deleted', workloads: deleted };
  const problem = `deleted but for ${left.map(workloadRef).join(', ')}, changed at that moment: delete the rest by hand`;
  return { result: 'deleted', workloads: deleted, problem };
}
