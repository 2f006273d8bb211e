import { branchOf } from '../../../shared/core/branch.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import {
  claimOf,
  factsOf,
  type History,
  lastBefore,
  loweringsOf,
  type Recorded,
  raisingsOf,
  recordsWithin,
  type Scaled,
  sweepsOf,
  workloadsWithin,
} from '../history.ts';
import { ALLOWED_SKEW_MS, FROZEN_MS, type Invariant, UNDER_WAY_MS } from './invariant.ts';
import { isGuess } from './people.ts';
import { surveyOf, surveysOf } from './surveys.ts';

export const heededBackgroundKeepsAwake: Invariant = {
  sentence:
    'No branch is put to sleep under a page that is open, until nobody has asked for anything for longer than its background-max.',
  violations: (history) =>
    loweringsOf(history).flatMap((lowering) => {
      const claim = claimOf(history, lowering);
      const sign =
        claim && lastBefore(history, claim, { kind: 'recorded', matches: isBackgroundOf(claim.branch) });
      if (claim === undefined || sign === undefined) return [];
      const { idleAfterMs, backgroundMaxMs } = policySeen(history, lowering, claim.branch);
      const { lastAccessMs } = claim.after;
      const isFresh = claim.atMs - sign.atMs < idleAfterMs - ALLOWED_SKEW_MS;
      const isHeeded = claim.atMs - lastAccessMs < backgroundMaxMs - ALLOWED_SKEW_MS;
      return isFresh && isHeeded ? [`${lowering.by} lowers ${lowering.ref} under an open page`] : [];
    }),
};

function isBackgroundOf(branch: string) {
  return (fact: Recorded) => fact.branch === branch && fact.means === 'background';
}

function policySeen(history: History, moment: Scaled, branch: string) {
  const { timing } = history;
  const looked = lastBefore(history, moment, {
    kind: 'looked',
    matches: (fact) => fact.by === moment.by && fact.branch === branch,
  });
  const { inherited } = surveyOf(history, moment);
  return policyOf(branch, looked?.workloads ?? [moment.before], { timing, inherited });
}

export const backgroundAloneIsBounded: Invariant = {
  sentence:
    'Background activity alone keeps no branch awake for longer than its background-max and twice the slack of a visit.',
  violations: (history) =>
    sweepsOf(history).flatMap(({ began, ended }) =>
      ended.swept
        .filter(({ result }) => result.result === 'kept' && result.reason === 'background-activity')
        .filter(({ branch }) => {
          const last = lastBefore(history, ended, {
            kind: 'recorded',
            matches: (fact) => fact.branch === branch,
          });
          const { timing } = history;
          const { workloads } = began.picture;
          const own = workloads.filter((workload) => branchOf(workload) === branch);
          const { inherited } = surveyOf(history, ended);
          const { backgroundMaxMs } = policyOf(branch, own, { timing, inherited });
          const mostMs = backgroundMaxMs + 2 * timing.visitSlackMs + UNDER_WAY_MS;
          return last !== undefined && began.atMs - last.after.lastAccessMs > mostMs;
        })
        .map(({ branch }) => `${ended.by} keeps ${branch} awake, though nobody asks for it`),
    ),
};

export const backgroundWakesNobody: Invariant = {
  sentence:
    'A branch that sleeps because nobody asked for it is woken by no page in the background, until an ordinary request comes.',
  violations: (history) =>
    raisingsOf(history)
      .filter(({ by }) => by.startsWith('wake'))
      .filter((raising) => !hasOrdinaryVisit(history, raising) && !isGuess(history, raising))
      .filter((raising) => isLongUnasked(history, raising))
      .map(({ by, ref }) => `${by} wakes ${ref} for a page in the background`),
};

/** At this instance, lately. */
function hasOrdinaryVisit(history: History, { by, before, atMs }: Scaled): boolean {
  const branch = branchOf(before);
  return factsOf(history, 'visit-began').some(
    (fact) =>
      fact.by === by &&
      fact.branch === branch &&
      fact.isBackground !== true &&
      fact.atMs <= atMs &&
      atMs - fact.atMs <= UNDER_WAY_MS,
  );
}

/** By every record and every policy that its waker may have gone by. */
function isLongUnasked(history: History, raising: Scaled): boolean {
  const { timing } = history;
  const branch = branchOf(raising.before) ?? '';
  const within = { branch, ms: UNDER_WAY_MS };
  const lastAccessMs = Math.max(
    ...recordsWithin(history, raising, within).map((record) => record.lastAccessMs),
  );
  const longestMs = surveysOf(history, raising).flatMap(({ inherited }) =>
    workloadsWithin(history, raising, { branch, ms: FROZEN_MS }).map(
      (workloads) => policyOf(branch, workloads, { timing, inherited }).backgroundMaxMs,
    ),
  );
  return raising.atMs - UNDER_WAY_MS - lastAccessMs >= Math.max(...longestMs);
}

export const ordinaryIsNotLeftAsleep: Invariant = {
  sentence: 'No request but one of a page in the background is left asleep.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(({ outcome, isBackground }) => outcome?.outcome === 'left-asleep' && isBackground !== true)
      .map(({ by, branch, visit }) => `${by} leaves ${branch} asleep for visit ${visit}`),
};
