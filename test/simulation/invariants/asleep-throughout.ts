import { branchOf, membersOf } from '../../../shared/core/branch.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import { type Workload, workloadRef } from '../../../shared/core/workload.ts';
import { branchesOf, type History, isEndOfClaim, type Swept } from '../history.ts';
import type { Fact } from '../world/fact.ts';

/** Members of branches that Dormouse may touch, at 0 when the sweep began and ever since. */
export function membersAsleepThroughout(
  { timing }: History,
  { began, ended, between }: Swept,
): readonly Workload[] {
  const { inherited } = ended.picture;
  if (between.some(({ fact }) => fact === 'namespaced')) return [];
  const touched = new Set(between.flatMap((fact) => ('ref' in fact ? [fact.ref] : [])));
  const handled = [
    ...between.flatMap(handledBranches),
    ...ended.swept.filter(isLeft).map(({ branch }) => branch),
  ];
  return branchesOf(ended.picture)
    .filter(({ branch }) => !handled.includes(branch) && began.picture.records.has(branch))
    .filter(({ branch, workloads }) => policyOf(branch, workloads, { timing, inherited }).isEnabled)
    .flatMap(({ branch, workloads }) => membersOf(branch, workloads, began.picture.records.get(branch)))
    .filter((workload) => workload.replicas === 0 && !touched.has(workloadRef(workload)));
}

/** The sweep had no time for it. */
function isLeft({ result }: SweptBranch): boolean {
  return result.result === 'kept' && result.reason === 'deadline';
}

/** Branches whose workloads or record people had their hands on. */
function handledBranches(fact: Fact): readonly (string | undefined)[] {
  if (fact.fact === 'corrupted' || fact.fact === 'expired') return [fact.branch];
  // A sweep beside it had seen all of it up: then people have scaled it to 0 since, which nobody undoes.
  if (fact.fact === 'recorded') return isEndOfClaim(fact) ? [fact.branch] : [];
  if (fact.fact !== 'changed') return [];
  return [fact.before, fact.after].map((workload) => workload && branchOf(workload));
}
