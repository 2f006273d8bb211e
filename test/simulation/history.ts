import { branchOf } from '../../shared/core/branch.ts';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import type { HoldLimits } from '../../shared/core/decide-hold.ts';
import type { Timing } from '../../shared/core/timing.ts';
import type { Workload, WorkloadRef } from '../../shared/core/workload.ts';
import { type Fact, type FactOf, PEOPLE, type Picture } from './world/fact.ts';

/** What happened in one story. */
export type History = {
  readonly facts: readonly Fact[];
  readonly timing: Timing;
  readonly limits: HoldLimits;
};
export type Scaled = FactOf<'scaled'>;
export type Recorded = FactOf<'recorded'>;

/** One sweep, from its first call to its summary. */
export type Swept = {
  readonly began: FactOf<'sweep-began'>;
  readonly ended: FactOf<'sweep-ended'>;
  /** What happened in between, whoever did it. */
  readonly between: readonly Fact[];
};

export function factsOf<Kind extends Fact['fact']>({ facts }: History, kind: Kind): readonly FactOf<Kind>[] {
  return facts.filter((fact): fact is FactOf<Kind> => fact.fact === kind);
}

/** The latest fact before this one that matches. */
export function lastBefore<Kind extends Fact['fact']>(
  { facts }: History,
  moment: Fact,
  wanted: { kind: Kind; matches: (fact: FactOf<Kind>) => boolean },
): FactOf<Kind> | undefined {
  for (let index = facts.indexOf(moment) - 1; index >= 0; index -= 1) {
    const fact = facts[index];
    if (fact?.fact === wanted.kind && wanted.matches(fact as FactOf<Kind>)) return fact as FactOf<Kind>;
  }
  return undefined;
}

/** Sweeps that acted and ended with a summary: neither rehearsed, nor dead, nor without anything to decide upon. */
export function sweepsOf(history: History): readonly Swept[] {
  const { facts } = history;
  const ended = factsOf(history, 'sweep-ended').filter(({ summary }) => summary !== undefined);
  return ended.flatMap((end) => {
    const start = facts.findIndex((fact) => fact.fact === 'sweep-began' && fact.by === end.by);
    const began = facts[start];
    if (began?.fact !== 'sweep-began' || began.mode === 'dry-run') return [];
    return [{ began, ended: end, between: facts.slice(start + 1, facts.indexOf(end)) }];
  });
}

/** No call of the sweep failed, and none was told what was not so. */
export function isFaultless({ ended, between }: Swept): boolean {
  return !between.some((fact) => fact.fact === 'fault' && fact.by === ended.by);
}

/** Dormouse put a workload to sleep. */
export function loweringsOf(history: History): readonly Scaled[] {
  return factsOf(history, 'scaled').filter(
    ({ by, before, after }) => by !== PEOPLE && before.replicas > 0 && after.replicas === 0,
  );
}

/** Dormouse woke a workload. */
export function raisingsOf(history: History): readonly Scaled[] {
  return factsOf(history, 'scaled').filter(({ by, after }) => by !== PEOPLE && after.replicas > 0);
}

/** The claim under which a sweep lowers. */
export function claimOf(history: History, lowering: Scaled): Recorded | undefined {
  const branch = branchOf(lowering.before);
  return lastBefore(history, lowering, {
    kind: 'recorded',
    matches: (fact) => fact.by === lowering.by && fact.branch === branch && isClaim(fact),
  });
}

export function isClaim({ before, after }: Recorded): boolean {
  return after.asleepSinceMs !== undefined && before?.asleepSinceMs === undefined;
}

export function isEndOfClaim({ before, after }: Recorded): boolean {
  return before?.asleepSinceMs !== undefined && after.asleepSinceMs === undefined;
}

/** The record of a branch as it was just before a moment. */
export function recordBefore(history: History, moment: Fact, branch: string): BranchRecord | undefined {
  const { facts } = history;
  const recorded = lastBefore(history, moment, {
    kind: 'recorded',
    matches: (fact) => fact.branch === branch,
  });
  const expired = lastBefore(history, moment, { kind: 'expired', matches: (fact) => fact.branch === branch });
  if (recorded === undefined || expired === undefined) return recorded?.after;
  return facts.indexOf(expired) < facts.indexOf(recorded) ? recorded.after : undefined;
}

/** Every state that the record had within so many ms before a moment, the one that stood at their begin included. */
export function recordsWithin(
  { facts }: History,
  moment: Fact,
  within: { branch: string; ms: number },
): readonly BranchRecord[] {
  const records: BranchRecord[] = [];
  for (let index = facts.indexOf(moment) - 1; index >= 0; index -= 1) {
    const fact = facts[index];
    if (fact?.fact !== 'recorded' || fact.branch !== within.branch) continue;
    records.push(fact.after);
    if (moment.atMs - fact.atMs > within.ms) break;
  }
  return records;
}

/** Every state that a branch's workloads had within so many ms before a moment, the one that stood at their begin included. */
export function workloadsWithin(
  { facts }: History,
  moment: Fact,
  within: { branch: string; ms: number },
): readonly (readonly Workload[])[] {
  const workloads = new Map<WorkloadRef, Workload>();
  let states: (readonly Workload[])[] = [[]];
  for (const fact of facts.slice(0, facts.indexOf(moment))) {
    if (!isWriteOf(fact, within.branch)) continue;
    if (fact.after === undefined) workloads.delete(fact.ref);
    else workloads.set(fact.ref, fact.after);
    const isStanding = moment.atMs - fact.atMs > within.ms;
    states = [...(isStanding ? [] : states), [...workloads.values()]];
  }
  return states;
}

function isWriteOf(fact: Fact, branch: string): fact is Scaled | FactOf<'changed'> {
  if (fact.fact !== 'scaled' && fact.fact !== 'changed') return false;
  const workload = fact.after ?? fact.before;
  return workload !== undefined && branchOf(workload) === branch;
}

/** What last happened to a workload's count, or to the workload. */
export function lastTouchOf(
  history: History,
  moment: Fact,
  ref: WorkloadRef,
): Scaled | FactOf<'changed'> | undefined {
  const { facts } = history;
  for (let index = facts.indexOf(moment) - 1; index >= 0; index -= 1) {
    const fact = facts[index];
    if ((fact?.fact === 'scaled' || fact?.fact === 'changed') && fact.ref === ref) return fact;
  }
  return undefined;
}

/** Whether a workload bore the branch's name all the time within so many ms before a moment. */
export function hadBearer({ facts }: History, moment: Fact, within: { branch: string; ms: number }): boolean {
  const isOfBearer = (fact: Fact) =>
    fact.fact === 'changed' && (fact.before ?? fact.after)?.name === within.branch;
  const changes = facts.slice(0, facts.indexOf(moment)).filter(isOfBearer) as FactOf<'changed'>[];
  const standing = changes.findLastIndex(({ atMs }) => moment.atMs - atMs > within.ms);
  return changes.slice(Math.max(standing, 0)).every(({ after }) => after !== undefined);
}

export type Branch = { readonly branch: string; readonly workloads: readonly Workload[] };

export function branchesOf({ workloads }: Picture): readonly Branch[] {
  const names = new Set(workloads.map(branchOf).filter((branch) => branch !== undefined));
  return [...names].map((branch) => ({
    branch,
    workloads: workloads.filter((workload) => branchOf(workload) === branch),
  }));
}
