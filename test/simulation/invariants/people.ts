import { branchOf, isVisitedSinceClaim } from '../../../shared/core/branch.ts';
import { annotatedReplicas } from '../../../shared/core/policy.ts';
import { type Workload, workloadRef } from '../../../shared/core/workload.ts';
import {
  claimOf,
  factsOf,
  type History,
  hadBearer,
  lastBefore,
  lastTouchOf,
  loweringsOf,
  raisingsOf,
  recordBefore,
  recordsWithin,
  type Scaled,
} from '../history.ts';
import { PEOPLE } from '../world/fact.ts';
import { ALLOWED_SKEW_MS, type Invariant, UNDER_WAY_MS } from './invariant.ts';
import { type Survey, surveysOf } from './surveys.ts';

export const replicasReturn: Invariant = {
  sentence:
    'Replicas after a wake equal those before the sleep, unless somebody else changed them meanwhile: theirs win.',
  violations: (history) => [
    ...overridesOf(history).map(({ by, ref }) => `${by} changes the count of ${ref}, which is awake`),
    ...raisingsOf(history).flatMap((raising) => {
      const lowering = lastTouchOf(history, raising, raising.ref);
      if (lowering?.fact !== 'scaled' || lowering.by === PEOPLE || isGuess(history, raising)) return [];
      const expected = surveysOf(history, raising).map((survey) =>
        countToWake(raising.before, lowering.before.replicas, survey),
      );
      return expected.includes(raising.after.replicas)
        ? []
        : [
            `${raising.by} wakes ${raising.ref} to ${raising.after.replicas}, expected ${expected.join(' or ')}`,
          ];
    }),
  ],
};

function countToWake(workload: Workload, before: number, { inherited, bounds }: Survey): number {
  const wanted = annotatedReplicas(workload, inherited) ?? before;
  const { min, max } = bounds.get(workloadRef(workload)) ?? { min: wanted, max: wanted };
  return Math.max(1, Math.min(Math.max(wanted, min), max));
}

/** Dormouse replaced a count above 0 by another. */
function overridesOf(history: History): readonly Scaled[] {
  return factsOf(history, 'scaled').filter(
    ({ by, before, after }) => by !== PEOPLE && before.replicas > 0 && after.replicas > 0,
  );
}

/** The waker could not read the record: it wakes all, to 1. */
export function isGuess(history: History, raising: Scaled): boolean {
  const branch = branchOf(raising.before) ?? '';
  if (recordBefore(history, raising, branch) === undefined) return true;
  const broken = lastBefore(history, raising, {
    kind: 'corrupted',
    matches: (fact) => fact.branch === branch,
  });
  if (broken !== undefined && (broken.isCorrupt || raising.atMs - broken.atMs < UNDER_WAY_MS)) return true;
  const fault = lastBefore(history, raising, {
    kind: 'fault',
    matches: ({ by, system, subject }) => by === raising.by && system === 'store' && subject === branch,
  });
  return fault !== undefined && raising.atMs - fault.atMs < UNDER_WAY_MS;
}

export const onlyReplicasChange: Invariant = {
  sentence: 'Nothing changes but spec.replicas of workloads that belong to a branch.',
  violations: (history) =>
    factsOf(history, 'scaled')
      .filter(({ by }) => by !== PEOPLE)
      .flatMap((scaled) => {
        const { replicas, resourceVersion } = scaled.before;
        const isSame =
          JSON.stringify({ ...scaled.after, replicas, resourceVersion }) === JSON.stringify(scaled.before);
        const problems = [
          ...(isSame ? [] : ['changes more than the replicas of']),
          ...(branchOf(scaled.before) === undefined ? ['scales, though it is of no branch,'] : []),
        ];
        return problems.map((problem) => `${scaled.by} ${problem} ${scaled.ref}`);
      }),
};

export const handIsLeftAlone: Invariant = {
  sentence: 'No sweep wakes what a person scaled to 0, and nobody wakes a companion that no claim remembers.',
  violations: (history) =>
    raisingsOf(history).flatMap((raising) => {
      const branch = branchOf(raising.before) ?? '';
      const within = { branch, ms: UNDER_WAY_MS };
      const records = recordsWithin(history, raising, within);
      const claims = records.filter(({ asleepSinceMs }) => asleepSinceMs !== undefined);
      const isCompanion = raising.before.name !== branch && hadBearer(history, raising, within);
      const isRemembered = claims.some(({ replicas }) => replicas?.[raising.ref] !== undefined);
      if (raising.by.startsWith('sweep') && claims.length === 0)
        return [`${raising.by} wakes ${raising.ref}, which is not claimed`];
      return isCompanion && !isRemembered && !isGuess(history, raising)
        ? [`${raising.by} wakes ${raising.ref}, which no claim remembers`]
        : [];
    }),
};

export const wokenByHandStaysAwake: Invariant = {
  sentence: 'A branch that a person scaled up while it slept is not put to sleep again before its idle time.',
  violations: (history) => {
    const lowerings = loweringsOf(history);
    return factsOf(history, 'scaled')
      .filter((raising) => isWakeByHand(history, raising))
      .flatMap((raising) =>
        lowerings
          .map((lowering) => claimOf(history, lowering))
          .filter((claim) => claim?.branch === branchOf(raising.before))
          .map((claim) => (claim?.atMs ?? 0) - raising.atMs)
          .filter((ms) => ms > 0 && ms < history.timing.minIdleAfterMs - ALLOWED_SKEW_MS)
          .map((ms) => `${raising.ref} was scaled up by hand and sleeps ${ms} ms later`),
      );
  },
};

/** A person wakes the workload of the branch's name, and no visitor had done so. */
function isWakeByHand(history: History, raising: Scaled): boolean {
  const { by, ref, before, after } = raising;
  const branch = branchOf(before) ?? '';
  if (by !== PEOPLE || before.name !== branch || before.replicas > 0 || after.replicas === 0) return false;
  const record = recordBefore(history, raising, branch);
  if (record === undefined || isVisitedSinceClaim(record, history.timing)) return false;
  const lowering = lastTouchOf(history, raising, ref);
  return lowering?.fact === 'scaled' && lowering.by !== PEOPLE;
}
