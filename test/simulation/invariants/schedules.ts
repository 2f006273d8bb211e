import { branchOf } from '../../../shared/core/branch.ts';
import { isKeepAwakeNear } from '../../../shared/core/keep-awake.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import {
  factsOf,
  type History,
  isClaim,
  lastBefore,
  type Recorded,
  raisingsOf,
  type Scaled,
  sweepsOf,
  workloadsWithin,
} from '../history.ts';
import { type Fact, PEOPLE } from '../world/fact.ts';
import { isHarm } from './harm.ts';
import { type Invariant, UNDER_WAY_MS } from './invariant.ts';
import { surveyOf, surveysOf } from './surveys.ts';

const MAX_SCHEDULED_WAKES = 10;

export const scheduledWakesAreFew: Invariant = {
  sentence: 'A sweep wakes at most ten branches by their hours.',
  violations: (history) =>
    sweepsOf(history)
      .map(({ ended }) => ({ by: ended.by, woken: ended.swept.filter(isWokenByHours).length }))
      .filter(({ woken }) => woken > MAX_SCHEDULED_WAKES)
      .map(({ by, woken }) => `${by} wakes ${woken} branches by their hours`),
};

function isWokenByHours({ decision, result }: SweptBranch): boolean {
  return decision.action === 'heal' && decision.reason === 'schedule' && result.result === 'healed';
}

export const expectedIsNoContest: Invariant = {
  sentence:
    'What Dormouse itself woke for a pin or for hours is nobody’s contest and no visit, while they last.',
  violations: (history) =>
    factsOf(history, 'recorded')
      .filter(({ by, before, after }) => {
        const isEnd = before?.asleepSinceMs !== undefined && after.asleepSinceMs === undefined;
        const isVisit = after.lastAccessMs !== before?.lastAccessMs;
        return by.startsWith('sweep') && isEnd && (isVisit || after.contested !== before?.contested);
      })
      .filter((ended) => isExpected(history, ended) && isOwnWake(history, ended))
      .map(({ by, branch }) => `${by} counts its own wake of ${branch} as somebody else's`),
};

/** A pin, or hours that were near for a while already, call for the branch. */
function isExpected(history: History, ended: Recorded): boolean {
  const { timing } = history;
  const { branch, atMs } = ended;
  const { inherited } = surveyOf(history, ended);
  if ((ended.before?.pinnedUntilMs ?? 0) > atMs) return true;
  return workloadsWithin(history, ended, { branch, ms: UNDER_WAY_MS }).every((workloads) => {
    const { keepAwake } = policyOf(branch, workloads, { timing, inherited });
    const isNear = (ms: number) => keepAwake && isKeepAwakeNear(keepAwake.hours, timing.sweepEveryMs, ms);
    return isNear(atMs) && isNear(atMs - UNDER_WAY_MS);
  });
}

/** Since its claim another sweep woke it for pin or hours, and nobody else had his hands on it. */
function isOwnWake(history: History, ended: Recorded): boolean {
  const { facts } = history;
  const { branch } = ended;
  const claim = lastBefore(history, ended, {
    kind: 'recorded',
    matches: (fact) => fact.branch === branch && isClaim(fact),
  });
  if (claim === undefined) return false;
  const since = facts.slice(facts.indexOf(claim), facts.indexOf(ended));
  const raisers = since.filter(isRaising).filter(({ before }) => branchOf(before) === branch);
  const isByHours = ({ by }: Scaled) => by !== claim.by && isWokenAsExpected(history, by, branch);
  return raisers.length > 0 && raisers.every(isByHours) && !since.some((fact) => isByPeople(fact, branch));
}

function isRaising(fact: Fact): fact is Scaled {
  return fact.fact === 'scaled' && fact.before.replicas === 0;
}

function isWokenAsExpected(history: History, sweep: string, branch: string): boolean {
  const swept = factsOf(history, 'sweep-ended').find(({ by }) => by === sweep)?.swept ?? [];
  return swept.some(
    ({ branch: name, decision }) =>
      name === branch &&
      decision.action === 'heal' &&
      (decision.reason === 'schedule' || decision.reason === 'pinned'),
  );
}

/** An HPA that scales what is up has no hand in it. */
function isByPeople(fact: Fact, branch: string): boolean {
  if (fact.fact !== 'scaled' && fact.fact !== 'changed') return false;
  const workload = fact.after ?? fact.before;
  const isOfBranch = workload !== undefined && branchOf(workload) === branch;
  return isOfBranch && fact.by === PEOPLE && !(fact.fact === 'scaled' && fact.before.replicas > 0);
}

export const wakesWithinBounds: Invariant = {
  sentence: 'A wake keeps within the bounds of the HPA that its waker knew of.',
  violations: (history) =>
    raisingsOf(history).flatMap((raising) => {
      const { by, ref, after } = raising;
      const known = surveysOf(history, raising).map(({ bounds }) => bounds.get(ref));
      const isOutside = known.every(
        (bounds) =>
          bounds !== undefined && (after.replicas < bounds.min || after.replicas > Math.max(1, bounds.max)),
      );
      return known.length > 0 && isOutside
        ? [`${by} wakes ${ref} to ${after.replicas}, its HPA has ${JSON.stringify(known)}`]
        : [];
    }),
};

/** What a sweep must have read before it puts anything to sleep. */
const SOURCES = ['readInherited', 'listBounds', 'listJobs'];

export const unreadableKeepsAwake: Invariant = {
  sentence:
    'A sweep that could not read its namespace, HPAs or Jobs puts nothing to sleep and deletes nothing.',
  violations: (history) =>
    factsOf(history, 'fault')
      .filter(({ by, method }) => by.startsWith('sweep') && SOURCES.includes(method))
      .flatMap((fault) =>
        history.facts
          .filter((fact) => isHarm(fact) && fact.by === fault.by)
          .map((fact) => `${fault.by} had no answer to ${fault.method}, and ${fact.fact} something`),
      ),
};
