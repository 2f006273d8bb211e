import { factsOf, type History } from '../history.ts';
import type { Fact, FactOf } from '../world/fact.ts';
import type { Invariant } from './invariant.ts';

type Began = FactOf<'hold-began'>;
type Ended = FactOf<'hold-ended'>;

/** However long somebody has waited, the branch is looked at for this long. */
const LOOK_MS = 1_000;
/** The longest pause before nginx tries a reachable branch. */
const TRY_PAUSE_MS = 2_000;
/** Longest that a call to Kubernetes lasts. */
const CALL_MS = 10_000;
/** What an instance knows of a branch is at most so old: a reading, the pause after it, and the next reading. */
const KNOWLEDGE_MS = CALL_MS + TRY_PAUSE_MS + CALL_MS;

export const heldIsAnswered: Invariant = {
  sentence: 'A held request is answered within its limit.',
  violations: (history) =>
    factsOf(history, 'hold-began').flatMap((began) => {
      const lateMs = began.atMs + patienceMs(history, began);
      const end = endOf(history, began);
      const endedMs = end?.atMs ?? history.facts.at(-1)?.atMs ?? 0;
      return endedMs <= lateMs ? [] : [`${began.by} answers hold ${began.hold} ${endedMs - lateMs} ms late`];
    }),
};

/** How long a hold may take, the pause before a try included. */
function patienceMs({ limits }: History, { visitor }: Began): number {
  const { isNavigation, waitedMs } = visitor;
  if (!isNavigation) return Math.max(limits.holdLimitMs - waitedMs, 0) + LOOK_MS;
  return Math.max(limits.pageAfterMs - waitedMs, LOOK_MS) + LOOK_MS + TRY_PAUSE_MS;
}

/** Its answer, or the end of its instance. */
function endOf({ facts }: History, began: Began): Fact | undefined {
  return facts.slice(facts.indexOf(began) + 1).find((fact) => {
    if (fact.fact === 'hold-ended') return fact.hold === began.hold;
    return fact.fact === 'crashed' && fact.by === began.by;
  });
}

export const heldIsNotGivenUp: Invariant = {
  sentence: 'A held request is given up for its patience only when that is over.',
  violations: (history) =>
    answersOf(history)
      .filter(({ ended }) => 'reason' in ended.outcome && ended.outcome.reason === 'patience-over')
      .filter(({ began, ended }) => {
        const { isNavigation, waitedMs } = began.visitor;
        const limitMs = isNavigation ? history.limits.pageAfterMs : history.limits.holdLimitMs - TRY_PAUSE_MS;
        return waitedMs + ended.atMs - began.atMs < limitMs;
      })
      .map(({ began }) => `${began.by} gives hold ${began.hold} up too early`),
};

export const sentOnMeansReachable: Invariant = {
  sentence: 'A held request is sent on only to a branch that served a moment ago, while Kubernetes answers.',
  violations: (history) =>
    answersOf(history)
      .filter(({ ended }) => ended.outcome.answer === 'awake')
      .filter(({ ended }) => {
        const sinceMs = ended.atMs - KNOWLEDGE_MS - TRY_PAUSE_MS;
        const hasFailed = faultsOf(history, ended).some(({ atMs }) => atMs >= sinceMs - CALL_MS);
        return !hasFailed && !hasServed(history, ended, sinceMs);
      })
      .map(({ began }) => `${began.by} sends hold ${began.hold} on to ${began.branch}, which does not serve`),
};

/** Whether a branch served at any time from then to that moment. */
function hasServed({ facts }: History, moment: Ended, sinceMs: number): boolean {
  const serving = facts
    .slice(0, facts.indexOf(moment))
    .filter((fact): fact is FactOf<'serving'> => fact.fact === 'serving' && fact.branch === moment.branch);
  const standing = serving.findLastIndex(({ atMs }) => atMs < sinceMs);
  return serving.slice(Math.max(standing, 0)).some(({ endpoints }) => endpoints > 0);
}

export const reachableIsLetGo: Invariant = {
  sentence:
    'A held request is let go as soon as its instance knows that the branch serves, and it soon knows.',
  violations: (history) =>
    answersOf(history).flatMap(({ began, ended }) => {
      const touched = endOfTouch(history, began);
      if (touched === undefined) return [];
      const told = firstTold(history, touched, ended);
      const about = `${ended.by} keeps hold ${ended.hold}`;
      if (told !== undefined && ended.atMs - told.atMs > TRY_PAUSE_MS)
        return [`${about}, though it knows that ${ended.branch} serves`];
      const servingMs = Math.max(servingSinceMs(history, ended), touched.atMs);
      const isLate = told === undefined && ended.atMs - servingMs > KNOWLEDGE_MS;
      const hasFailed = faultsOf(history, ended).some(({ atMs }) => atMs >= servingMs - CALL_MS);
      return isLate && !hasFailed ? [`${about}, and does not hear that ${ended.branch} serves`] : [];
    }),
};

/** A hold touches first and follows the branch then. */
function endOfTouch({ facts }: History, { by, branch, hold }: Began): FactOf<'visit-ended'> | undefined {
  const began = facts.findIndex((fact) => fact.fact === 'hold-began' && fact.hold === hold);
  const after = facts.slice(began);
  const touch = after.find(
    (fact): fact is FactOf<'visit-began'> =>
      fact.fact === 'visit-began' && fact.by === by && fact.branch === branch,
  );
  return after.find(
    (fact): fact is FactOf<'visit-ended'> => fact.fact === 'visit-ended' && fact.visit === touch?.visit,
  );
}

/** The first word that the branch serves, of what was asked since the touch: what was asked before was for others. */
function firstTold({ facts }: History, touched: Fact, ended: Ended): FactOf<'told'> | undefined {
  const { by, branch } = ended;
  const since = facts.slice(facts.indexOf(touched), facts.indexOf(ended));
  const isOwn = (fact: Fact): fact is FactOf<'asked'> | FactOf<'told'> =>
    (fact.fact === 'asked' || fact.fact === 'told') && fact.by === by && fact.branch === branch;
  const own = since.filter(isOwn);
  const asked = new Set(own.filter(({ fact }) => fact === 'asked').map(({ asking }) => asking));
  return own.find(
    (fact): fact is FactOf<'told'> => fact.fact === 'told' && asked.has(fact.asking) && fact.endpoints > 0,
  );
}

/** Since when the branch has served without a break; Infinity if it does not. */
function servingSinceMs({ facts }: History, moment: Ended): number {
  const last = facts
    .slice(0, facts.indexOf(moment))
    .findLast((fact): fact is FactOf<'serving'> => fact.fact === 'serving' && fact.branch === moment.branch);
  return last !== undefined && last.endpoints > 0 ? last.atMs : Number.POSITIVE_INFINITY;
}

type Answer = { readonly began: Began; readonly ended: Ended };

/** Holds that were answered by their instance. */
function answersOf(history: History): readonly Answer[] {
  const ends = new Map(factsOf(history, 'hold-ended').map((ended) => [ended.hold, ended]));
  return factsOf(history, 'hold-began').flatMap((began) => {
    const ended = ends.get(began.hold);
    return ended === undefined || ended.outcome.answer === 'again' ? [] : [{ began, ended }];
  });
}

/** Calls of that instance that failed while it followed a branch. */
function faultsOf(history: History, { by }: Ended): readonly FactOf<'fault'>[] {
  return factsOf(history, 'fault').filter(
    (fact) => fact.by === by && (fact.method === 'viewBranch' || fact.method === 'watchEndpoints'),
  );
}
