import { branchOf, claimedReplicas, membersOf } from '../core/branch.ts';
import type { BranchRecord } from '../core/branch-record.ts';
import type { Workload, WorkloadRef } from '../core/workload.ts';
import type { VisitCluster, VisitStore } from '../ports.ts';
import { readRecord } from './read-record.ts';

export type ReadMembers = {
  /** Empty if Kubernetes has no workload of the branch. */
  readonly members: readonly Workload[];
  /** Undefined if there is none, or none that can be read. */
  readonly record: BranchRecord | undefined;
};

/**
 * Reads a branch's members with as few calls as its case allows: one for a branch that is a Deployment of its
 * name, which is nearly every one. Anything else is read whole. A store that fails counts as "no record".
 */
export async function readMembers(
  { store, cluster }: { store: VisitStore; cluster: VisitCluster },
  branch: string,
): Promise<ReadMembers> {
  const [record, bearer] = await Promise.all([
    readRecord(store, branch),
    cluster.readWorkload(`deployment/${branch}`),
  ]);
  if (record === undefined || bearer === undefined || branchOf(bearer) !== branch) {
    return { members: membersOf(branch, await cluster.readBranch(branch), record), record };
  }
  const companions = await readCompanions(cluster, branch, record);
  return { members: [bearer, ...companions], record };
}

async function readCompanions(
  cluster: VisitCluster,
  branch: string,
  record: BranchRecord,
): Promise<readonly Workload[]> {
  const claimed = Object.keys(claimedReplicas(record)) as WorkloadRef[];
  const others = claimed.filter((ref) => ref !== `deployment/${branch}`);
  const workloads = await Promise.all(others.map((ref) => cluster.readWorkload(ref)));
  return workloads
    .filter((workload) => workload !== undefined)
    .filter((workload) => branchOf(workload) === branch);
}
