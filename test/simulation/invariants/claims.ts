import { branchOf, isAsleep, membersOf } from '../../../shared/core/branch.ts';
import { type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import {
  factsOf,
  type History,
  isClaim,
  isEndOfClaim,
  isFaultless,
  lastBefore,
  lastTouchOf,
  loweringsOf,
  type Recorded,
  recordBefore,
  type Swept,
  sweepsOf,
} from '../history.ts';
import { type Fact, PEOPLE } from '../world/fact.ts';
import type { Invariant } from './invariant.ts';

export const sleepIsRemembered: Invariant = {
  sentence: 'While a workload is at 0 because of Dormouse, the record says so and remembers its count.',
  violations: (history) => [
    ...loweringsOf(history).flatMap((lowering) => {
      const record = recordBefore(history, lowering, branchOf(lowering.before) ?? '');
      const isRemembered =
        record?.asleepSinceMs !== undefined && record.replicas?.[lowering.ref] === lowering.before.replicas;
      return isRemembered
        ? []
        : [`${lowering.by} lowers ${lowering.ref}, which the record does not remember`];
    }),
    ...clearingsOf(history).flatMap((cleared) =>
      (Object.keys(cleared.before?.replicas ?? {}) as WorkloadRef[])
        .filter((ref) => {
          const last = lastTouchOf(history, cleared, ref);
          return last?.fact === 'scaled' && last.by !== PEOPLE && last.after.replicas === 0;
        })
        .map((ref) => `${cleared.by} ends the claim of ${cleared.branch}, and ${ref} sleeps`),
    ),
  ],
};

/** Claims that end. */
function clearingsOf(history: History): readonly Recorded[] {
  return factsOf(history, 'recorded').filter(isEndOfClaim);
}

export const onlyFullyAwakeEndsClaim: Invariant = {
  sentence:
    'Nothing clears asleepSince but a sweep that has seen every member above 0 since the claim, or no workload any more.',
  violations: (history) =>
    clearingsOf(history).flatMap((cleared) => {
      const { by, branch, before } = cleared;
      const looked = lastBefore(history, cleared, {
        kind: 'looked',
        matches: (fact) => fact.by === by && fact.branch === branch,
      });
      const claim = lastClaim(history, cleared);
      const isLate = looked !== undefined && claim !== undefined && isBefore(history, claim, looked);
      const isAwake = isLate && !isAsleep(membersOf(branch, looked.workloads, before));
      return by.startsWith('sweep') && isAwake ? [] : [`${by} ends the claim of ${branch} too early`];
    }),
};

function lastClaim(history: History, moment: Recorded): Recorded | undefined {
  const matches = (fact: Recorded) => fact.branch === moment.branch && isClaim(fact);
  return lastBefore(history, moment, { kind: 'recorded', matches });
}

function isBefore({ facts }: History, earlier: Fact, later: Fact): boolean {
  return facts.indexOf(earlier) < facts.indexOf(later);
}

export const undoneIsAwake: Invariant = {
  sentence:
    'A sweep that takes a claim back leaves nothing at 0 that it lowered, unless a call failed to wake it.',
  violations: (history) =>
    sweepsOf(history).flatMap((swept) =>
      swept.ended.swept
        .filter(({ result }) => result.result === 'undone')
        .flatMap(({ branch }) =>
          swept.ended.picture.workloads
            .filter((workload) => branchOf(workload) === branch && workload.replicas === 0)
            .map(workloadRef)
            .filter((ref) => lastTouchOf(history, swept.ended, ref)?.by === swept.ended.by)
            .filter((ref) => !mayHaveFailed(swept, ref))
            .map((ref) => `${swept.ended.by} took the claim of ${branch} back and left ${ref} at 0`),
        ),
    ),
};

function mayHaveFailed({ ended, between }: Swept, ref: WorkloadRef): boolean {
  return between.some(
    (fact) =>
      fact.fact === 'fault' &&
      fact.by === ended.by &&
      fact.subject === ref &&
      (fact.method === 'raise' || fact.fault === 'late'),
  );
}

export const failureHasCause: Invariant = {
  sentence: 'A sweep fails at a branch only if one of its calls failed.',
  violations: (history) =>
    sweepsOf(history)
      .filter(isFaultless)
      .flatMap(({ ended }) =>
        ended.swept
          .filter(({ result }) => result.result === 'failed')
          .map(({ branch }) => `${ended.by} fails at ${branch}`),
      ),
};
