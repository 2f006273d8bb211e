import { branchOf, isVisitedSinceClaim } from '../../../shared/core/branch.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import { type Workload, type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import {
  factsOf,
  type History,
  isFaultless,
  lastTouchOf,
  recordBefore,
  type Swept,
  sweepsOf,
  workloadsWithin,
} from '../history.ts';
import { type Fact, type FactOf, PEOPLE } from '../world/fact.ts';
import { membersAsleepThroughout } from './asleep-throughout.ts';
import { BLUR_MS, type Invariant } from './invariant.ts';

type VisitEnded = FactOf<'visit-ended'>;

/** Longest that the calls of one touch take. */
const ANSWER_MS = 60_000;

export const inUseIsAwake: Invariant = {
  sentence:
    'A branch in use does not stay at 0 past the next sweep, and the throttle window before it, while store and API answer.',
  violations: (history) =>
    sweepsOf(history)
      .filter(isFaultless)
      .flatMap((swept) =>
        membersAsleepThroughout(history, swept).flatMap((workload) => {
          const visit = recentVisit(history, swept, branchOf(workload) ?? '');
          const isByHand = lastTouchOf(history, swept.ended, workloadRef(workload))?.by === PEOPLE;
          return visit === undefined || isByHand
            ? []
            : [`${workload.name} is at 0 after ${swept.ended.by}, though visit ${visit.visit} was recorded`];
        }),
      ),
};

export const visitedIsHealed: Invariant = {
  sentence: 'A sweep that ends without a fault leaves no branch at 0 that was visited after its claim.',
  violations: (history) =>
    sweepsOf(history)
      .filter(isFaultless)
      .flatMap((swept) =>
        membersAsleepThroughout(history, swept)
          .filter((workload) => {
            const limits = { ...history.timing, backgroundMaxMs: heededMs(history, swept, workload) };
            // A page that asks while the sweep is at it may come too late to be heeded.
            return [swept.began, swept.ended].every(({ picture }) => {
              const record = picture.records.get(branchOf(workload) ?? '');
              return record !== undefined && isVisitedSinceClaim(record, limits);
            });
          })
          .map((workload) => `${workload.name} was visited and is at 0 after ${swept.ended.by}`),
      ),
};

/** How long background activity is heeded in the branch of a workload. */
function heededMs({ timing }: History, { ended }: Swept, workload: Workload): number {
  const branch = branchOf(workload) ?? '';
  const { workloads, inherited } = ended.picture;
  const own = workloads.filter((other) => branchOf(other) === branch);
  return policyOf(branch, own, { timing, inherited }).backgroundMaxMs;
}

/** A touch that was recorded so lately that nothing can have idled out since. */
function recentVisit(history: History, { began }: Swept, branch: string) {
  const { facts, timing } = history;
  const sinceMs = began.atMs - timing.minIdleAfterMs + BLUR_MS;
  return facts
    .slice(0, facts.indexOf(began))
    .findLast(
      (fact): fact is FactOf<'visit-ended'> =>
        fact.fact === 'visit-ended' &&
        fact.branch === branch &&
        isRecorded(fact) &&
        fact.isBackground !== true &&
        beganMs(history, fact) > sinceMs,
    );
}

function beganMs(history: History, { visit }: FactOf<'visit-ended'>): number {
  return factsOf(history, 'visit-began').find((fact) => fact.visit === visit)?.atMs ?? 0;
}

function isRecorded({ outcome }: FactOf<'visit-ended'>): boolean {
  if (outcome === undefined || !('stamp' in outcome)) return false;
  return outcome.stamp.stamp === 'written' || outcome.stamp.stamp === 'throttled';
}

export const visitedGoFirst: Invariant = {
  sentence: 'A sweep that has no time for a visited branch puts no other branch to sleep.',
  violations: (history) =>
    sweepsOf(history).flatMap(({ ended }) => {
      const isWaiting = ended.swept.some(
        ({ decision, result }) =>
          (decision.action === 'heal' || decision.action === 'settle') &&
          result.result === 'kept' &&
          result.reason === 'deadline',
      );
      return ended.swept
        .filter(({ decision }) => isWaiting && decision.action === 'sleep')
        .filter(({ result }) => result.result !== 'kept' || result.reason !== 'deadline')
        .map(({ branch }) => `${ended.by} puts ${branch} to sleep before it wakes who was visited`);
    }),
};

export const awakeMeansAwake: Invariant = {
  sentence: 'A touch calls no branch awake that a sweep had put to sleep before the touch began.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(({ outcome }) => outcome?.outcome === 'awake')
      .flatMap((visit) =>
        sleepersOf(history, visit)
          .filter((ref) => wasAsleepBefore(history, visit, ref))
          .map((ref) => `${visit.by} calls ${visit.branch} awake, though ${ref} sleeps`),
      ),
};

function sleepersOf(history: History, visit: FactOf<'visit-ended'>): readonly WorkloadRef[] {
  const record = recordBefore(history, visit, visit.branch);
  return Object.keys((record?.asleepSinceMs && record.replicas) || {}) as WorkloadRef[];
}

/** Lowered by a sweep that ended without a fault of its own before the visit began. */
function wasAsleepBefore(history: History, visit: FactOf<'visit-ended'>, ref: WorkloadRef): boolean {
  const lowering = lastTouchOf(history, visit, ref);
  if (lowering?.fact !== 'scaled' || lowering.after.replicas > 0) return false;
  const sweep = sweepsOf(history).find(({ ended }) => ended.by === lowering.by);
  const began = factsOf(history, 'visit-began').find((fact) => fact.visit === visit.visit);
  if (sweep === undefined || began === undefined || !isFaultless(sweep)) return false;
  return history.facts.indexOf(sweep.ended) < history.facts.indexOf(began);
}

export const recordedMeansRecorded: Invariant = {
  sentence: 'A touch that says it is recorded is in the store.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(isRecorded)
      .filter((visit) => !isInStore(history, visit))
      .map((visit) => `${visit.by} says that visit ${visit.visit} of ${visit.branch} is recorded`),
};

function isInStore(history: History, visit: FactOf<'visit-ended'>): boolean {
  const { branch, atMs, isBackground = false } = visit;
  const means = isBackground ? ['background', 'create'] : ['visit', 'create'];
  const sinceMs = beganMs(history, visit) - history.timing.touchWriteEveryMs - BLUR_MS;
  return factsOf(history, 'recorded').some(
    (fact) =>
      fact.branch === branch && means.includes(fact.means) && fact.atMs >= sinceMs && fact.atMs <= atMs,
  );
}

export const touchWakes: Invariant = {
  sentence: 'A touch whose calls are all answered leaves nothing asleep that was asleep all the while.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(({ outcome }) => outcome?.outcome === 'woken')
      .flatMap((ended) => {
        const during = factsDuring(history, ended);
        if (during === undefined || during.some((fact) => isDisturbance(fact, ended))) return [];
        return sleepersOf(history, ended)
          .filter((ref) => isLowered(lastTouchOf(history, ended, ref)))
          .filter((ref) => !during.some((fact) => 'ref' in fact && fact.ref === ref))
          .map((ref) => `${ended.by} has woken ${ended.branch}, and ${ref} sleeps on`);
      }),
};

/** What happened during a touch; undefined when it joined one that was under way, and looked before it began. */
function factsDuring({ facts }: History, { by, branch, visit }: VisitEnded): readonly Fact[] | undefined {
  const isOwn = (fact: Fact) =>
    (fact.fact === 'visit-began' || fact.fact === 'visit-ended') && fact.by === by && fact.branch === branch;
  const began = facts.findIndex((fact) => fact.fact === 'visit-began' && fact.visit === visit);
  const ended = facts.findIndex((fact) => fact.fact === 'visit-ended' && fact.visit === visit);
  const underWay = facts
    .slice(0, began)
    .filter(isOwn)
    .reduce((open, { fact }) => open + (fact === 'visit-began' ? 1 : -1), 0);
  return underWay > 0 ? undefined : facts.slice(began + 1, ended);
}

/** A call that failed, or somebody who changes what is remembered. */
function isDisturbance(fact: Fact, { by, branch }: VisitEnded): boolean {
  if (fact.fact === 'fault') return fact.by === by;
  if (fact.fact === 'corrupted' || fact.fact === 'expired') return fact.branch === branch;
  return fact.fact === 'recorded' && fact.branch === branch && fact.means === 'update';
}

function isLowered(touch: ReturnType<typeof lastTouchOf>): boolean {
  return touch?.fact === 'scaled' && touch.by !== PEOPLE && touch.after.replicas === 0;
}

export const unknownMeansUnknown: Invariant = {
  sentence: 'A visitor is told that there is no such branch only if there was none a moment ago.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(({ outcome }) => outcome?.outcome === 'no-such-branch')
      .filter((ended) => {
        const ms = history.timing.unknownTrustedMs + ANSWER_MS;
        return !workloadsWithin(history, ended, { branch: ended.branch, ms }).some(
          ({ length }) => length === 0,
        );
      })
      .map(({ by, branch }) => `${by} does not know ${branch}`),
};
