import { planWake, type WakeSurroundings } from '../core/branch.ts';
import type { BranchRecord } from '../core/branch-record.ts';
import { messageOf } from '../core/message-of.ts';
import type { WokenMember } from '../core/sweep-result.ts';
import type { Workload } from '../core/workload.ts';
import type { VisitCluster } from '../ports.ts';

export type Sleepers = {
  readonly members: readonly Workload[];
  readonly record: BranchRecord | undefined;
  readonly surroundings: WakeSurroundings;
};

/**
 * Scales every member up, all in parallel, each on condition that it is still at 0. One that fails does not keep
 * the others from waking; nothing is written to the store, so a repeat does no harm.
 */
export async function wakeMembers(
  cluster: VisitCluster,
  { members, record, surroundings }: Sleepers,
): Promise<readonly WokenMember[]> {
  return Promise.all(
    planWake(members, record, surroundings).map(async (plan): Promise<WokenMember> => {
      try {
        return { ...plan, outcome: await cluster.raise(plan.ref, plan.replicas) };
      } catch (error) {
        return { ...plan, outcome: 'failed', problem: messageOf(error) };
      }
    }),
  );
}

/** The sentence that names the first member that could not be woken; undefined if all are well. */
export function wakeProblem(woken: readonly WokenMember[]): string | undefined {
  const failed = woken.find((member) => member.outcome === 'failed');
  return failed && `${failed.ref} could not be woken: ${failed.problem}`;
}
