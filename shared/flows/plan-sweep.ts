import { groupByBranch } from '../core/branch.ts';
import type { Sight } from '../core/decide-blind.ts';
import { type BranchDecision, type BranchState, decideBranch, type Rules } from '../core/decide-branch.ts';
import type { DeletionRules } from '../core/decide-deletion.ts';
import { limitScheduledWakes } from '../core/limit-scheduled-wakes.ts';
import type { Workload } from '../core/workload.ts';
import type { BranchStore, Cluster, StoreSnapshot } from '../ports.ts';
import { readSurroundings, type Surroundings } from './read-surroundings.ts';
import type { KnownPlace } from './sweep-place.ts';

/** What a sweep is told once and for all. */
export type SweepSettings = Pick<Rules, 'timing' | 'mode'> & {
  /** The function has the right to delete branches whose `delete-after` is over. Default false. */
  readonly mayDelete?: boolean;
};

export type Planned = {
  readonly state: BranchState;
  readonly decision: BranchDecision;
  readonly nowMs: number;
};

export type SweepPlan = {
  readonly planned: readonly Planned[];
  readonly rules: Rules;
  readonly surroundings: Surroundings;
};

type PlanDependencies = {
  readonly cluster: Cluster;
  readonly store: BranchStore;
  readonly settings: SweepSettings;
};

/**
 * Looks at everything once and decides. Lists before it reads records, so that a record is never older than what the
 * cluster showed.
 */
export async function planSweep(
  { cluster, store, settings }: PlanDependencies,
  { sight, place }: { readonly sight: Sight; readonly place: KnownPlace },
): Promise<SweepPlan> {
  const [workloads, surroundings] = await Promise.all([cluster.listWorkloads(), readSurroundings(cluster)]);
  const snapshot = await store.readAll();
  const { nowMs } = snapshot;
  const { timing, mode, mayDelete = false } = settings;
  const deletion = { mayDelete, lastBlindMs: lastBlindOf(place) };
  const rules = rulesFor({ timing, mode, deletion, inherited: surroundings.inherited }, sight);
  const planned = statesOf(workloads, snapshot, surroundings).map((state) => ({
    state,
    decision: decideBranch(state, rules, nowMs),
    nowMs,
  }));
  return { planned: limitScheduledWakes(planned), rules, surroundings };
}

/** While a sweep is blind nothing is put to sleep, so it does not matter since when. */
export function rulesFor(rules: Rules, sight: Sight): Rules {
  return sight.sight === 'clear' ? { ...rules, heardSinceMs: sight.heardSinceMs } : rules;
}

function lastBlindOf(place: KnownPlace): DeletionRules['lastBlindMs'] {
  return place.isKnown ? (place.lastBlindMs ?? 'never') : 'unknown';
}

function statesOf(
  workloads: readonly Workload[],
  { records, malformed }: StoreSnapshot,
  { jobs, unreadable }: Surroundings,
): BranchState[] {
  const groups = groupByBranch(workloads);
  const problems = new Map(malformed.map(({ branch, problem }) => [branch, problem]));
  const names = new Set([...groups.keys(), ...records.keys(), ...problems.keys()]);
  return [...names].sort().map((branch) => ({
    branch,
    workloads: groups.get(branch) ?? [],
    ...present('stored', records.get(branch)),
    ...present('recordProblem', problems.get(branch)),
    ...present('jobs', jobs.get(branch)),
    ...present('unreadable', unreadable),
  }));
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [_ in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [_ in Key]?: Value };
}
