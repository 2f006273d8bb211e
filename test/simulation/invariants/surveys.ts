import type { Bounds } from '../../../shared/core/branch.ts';
import type { RunningJob } from '../../../shared/core/decide-branch.ts';
import type { Annotations, WorkloadRef } from '../../../shared/core/workload.ts';
import { factsOf, type History } from '../history.ts';
import type { Fact, FactOf } from '../world/fact.ts';
import { UNDER_WAY_MS } from './invariant.ts';

/** What an actor knew of the namespace. */
export type Survey = {
  readonly inherited: Annotations;
  readonly bounds: ReadonlyMap<WorkloadRef, Bounds>;
  readonly jobs: ReadonlyMap<string, readonly RunningJob[]>;
};

const NOTHING: Survey = { inherited: {}, bounds: new Map(), jobs: new Map() };

/** All that an actor may have gone by when it asked for what took effect at a moment: a sweep reads once, a wake now and then. */
export function surveysOf(history: History, moment: Fact & { readonly by: string }): readonly Survey[] {
  const { facts } = history;
  const own = factsOf(history, 'surveyed').filter(({ by }) => by === moment.by);
  const before = own.filter((fact) => facts.indexOf(fact) < facts.indexOf(moment));
  if (moment.by.startsWith('sweep')) return [before.reduce<Survey>(learn, NOTHING)];
  const standing = before.findLastIndex(({ atMs }) => moment.atMs - atMs > UNDER_WAY_MS);
  return before.slice(Math.max(standing, 0)).map((fact) => learn(NOTHING, fact));
}

function learn(known: Survey, { inherited, bounds, jobs }: FactOf<'surveyed'>): Survey {
  return {
    inherited: inherited ?? known.inherited,
    bounds: bounds ?? known.bounds,
    jobs: jobs ?? known.jobs,
  };
}

/** What a sweep knew of the namespace. */
export function surveyOf(history: History, moment: Fact & { readonly by: string }): Survey {
  return surveysOf(history, moment).at(-1) ?? NOTHING;
}
