import { branchOf } from '../../../shared/core/branch.ts';
import { workloadRef } from '../../../shared/core/workload.ts';
import { factsOf, type History, isClaim, lastBefore, type Recorded } from '../history.ts';
import type { Fact, FactOf } from '../world/fact.ts';
import { ALLOWED_SKEW_MS, type Invariant } from './invariant.ts';

export const contestIsFair: Invariant = {
  sentence: 'What was visited or deployed since its claim is not counted as contested.',
  violations: (history) =>
    factsOf(history, 'recorded')
      .filter(({ before, after }) => (after.contested ?? 0) > (before?.contested ?? 0))
      .flatMap((counted) => {
        const claim = lastClaim(history, counted);
        if (claim === undefined)
          return [`${counted.by} counts a contest of ${counted.branch} without a claim`];
        return signsOfLife(history, claim, counted).map(
          (by) =>
            `${counted.by} counts ${counted.branch} as contested, though ${by} were there since its claim`,
        );
      }),
};

export const contestIsRemembered: Invariant = {
  sentence: 'Only a visit, a deploy or the end of the branch resets what was counted as contested.',
  violations: (history) =>
    factsOf(history, 'recorded')
      .filter(({ means, before, after }) => means === 'update' && before?.contested && !after.contested)
      .filter((reset) => {
        const looked = lookOf(history, reset, reset.branch);
        const claim = lastClaim(history, reset);
        if (looked === undefined || looked.workloads.length === 0) return false;
        return claim === undefined || !looked.workloads.some((workload) => isDeployed(claim, workload));
      })
      .map(({ by, branch }) => `${by} resets the contest of ${branch} without a deploy`),
};

function lastClaim(history: History, moment: Recorded): Recorded | undefined {
  const matches = (fact: Recorded) => fact.branch === moment.branch && isClaim(fact);
  return lastBefore(history, moment, { kind: 'recorded', matches });
}

function lookOf(history: History, moment: Recorded, branch: string): FactOf<'looked'> | undefined {
  const matches = (fact: FactOf<'looked'>) => fact.by === moment.by && fact.branch === branch;
  return lastBefore(history, moment, { kind: 'looked', matches });
}

type Seen = FactOf<'looked'>['workloads'][number];

/** Another pod template than at the claim, or a workload that the claim did not know and that was edited since. */
function isDeployed({ after: claimed }: Recorded, workload: Seen): boolean {
  const before = claimed.revisions?.[workloadRef(workload)];
  if (before !== undefined) return workload.revision !== before;
  return workload.lastEditMs > (claimed.asleepSinceMs ?? 0);
}

/** Visitors and deploys between the claim and the last look of the sweep that counts. */
function signsOfLife(history: History, claim: Recorded, counted: Recorded): readonly string[] {
  const { facts } = history;
  const { branch } = claim;
  const since: readonly Fact[] = facts.slice(facts.indexOf(claim) + 1, facts.indexOf(counted));
  const isVisit = (fact: Fact) =>
    fact.fact === 'recorded' && fact.branch === branch && fact.means === 'visit';
  const seen = lookOf(history, counted, branch)?.workloads ?? [];
  const isNew = (workload: Seen) =>
    branchOf(workload) === branch &&
    isDeployed(claim, workload) &&
    workload.lastEditMs > claim.atMs + ALLOWED_SKEW_MS;
  return [...(since.some(isVisit) ? ['visitors'] : []), ...(seen.some(isNew) ? ['deploys'] : [])];
}
