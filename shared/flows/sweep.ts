import { groupByBranch } from '../core/branch.ts';
import { decideBlind, type Sight } from '../core/decide-blind.ts';
import { type BranchDecision, type BranchState, decideBranch, type Rules } from '../core/decide-branch.ts';
import { messageOf } from '../core/message-of.ts';
import { orderSweep } from '../core/order-sweep.ts';
import { type Circumstances, type SweepSummary, summarizeSweep } from '../core/summarize-sweep.ts';
import type { BranchResult, SweptBranch } from '../core/sweep-result.ts';
import type { Workload } from '../core/workload.ts';
import type { StoreSnapshot } from '../ports.ts';
import { performDecision } from './perform-decision.ts';
import type { SweepContext } from './sweep-context.ts';
import { type KnownPlace, keepPlace, readPlace } from './sweep-place.ts';

export type SweepDependencies = SweepContext & {
  /** Fewer proxies that beat make the sweep blind. */
  readonly expectedProxies: number;
  /** How many branches are worked on at once; the heartbeats are read again before each batch. */
  readonly batchSize: number;
  /** From the beginning on, by `now`: no batch is begun later. One under way is finished. Default: none. */
  readonly deadlineMs?: number;
  /** Told of each branch as soon as it is done. */
  readonly report: (swept: SweptBranch) => void;
};

export type SweepOptions = { readonly isDryRun: boolean };

type Planned = { readonly state: BranchState; readonly decision: BranchDecision; readonly nowMs: number };

/**
 * Creates the flow that looks at every branch once and does what is decided for it. Branches fail one by one and
 * never stop the others; sweeps may overlap, repeat and die at any step. One that has no time left stops between two
 * batches, and says in the store where the next one goes on.
 *
 * The flow rejects with a `ClusterError` or `StoreError` when there is nothing to decide upon: no list, no records.
 */
export function createSweep(
  dependencies: SweepDependencies,
): (options: SweepOptions) => Promise<SweepSummary> {
  return async ({ isDryRun }) => {
    const startedMs = dependencies.now();
    const endsAtMs = startedMs + (dependencies.deadlineMs ?? Number.POSITIVE_INFINITY);
    const sight = await readSight(dependencies);
    const planned = await planSweep(dependencies, sight);
    const performed = isDryRun
      ? rehearseAll(dependencies, { planned, sight })
      : await performAll(dependencies, { planned, sight }, endsAtMs);
    const { swept, ...circumstances } = performed;
    const durationMs = dependencies.now() - startedMs;
    return summarizeSweep(swept, { ...circumstances, durationMs, isDryRun });
  };
}

/** Fails closed: heartbeats that cannot be read are none. */
async function readSight({ store, rules, expectedProxies }: SweepDependencies): Promise<Sight> {
  try {
    const { heartbeats, nowMs } = await store.readHeartbeats();
    return decideBlind(heartbeats, { timing: rules.timing, expectedProxies }, nowMs);
  } catch (error) {
    const explanation = `the heartbeats cannot be read: ${messageOf(error)}`;
    return { sight: 'blind', reason: 'no-heartbeat', explanation };
  }
}

/** Lists before it reads records, so that a record is never older than what the cluster showed. */
async function planSweep(dependencies: SweepDependencies, sight: Sight): Promise<readonly Planned[]> {
  const { cluster, store } = dependencies;
  const rules = rulesFor(dependencies, sight);
  const workloads = await cluster.listWorkloads();
  const snapshot = await store.readAll();
  const { nowMs } = snapshot;
  return statesOf(workloads, snapshot).map((state) => ({
    state,
    decision: decideBranch(state, rules, nowMs),
    nowMs,
  }));
}

/** While the sweep is blind nothing is put to sleep, so it does not matter since when. */
function rulesFor({ rules }: SweepDependencies, sight: Sight): Rules {
  return sight.sight === 'clear' ? { ...rules, heardSinceMs: sight.heardSinceMs } : rules;
}

function statesOf(workloads: readonly Workload[], { records, malformed }: StoreSnapshot): BranchState[] {
  const groups = groupByBranch(workloads);
  const problems = new Map(malformed.map(({ branch, problem }) => [branch, problem]));
  const names = new Set([...groups.keys(), ...records.keys(), ...problems.keys()]);
  return [...names].sort().map((branch) => {
    const stored = records.get(branch);
    const recordProblem = problems.get(branch);
    return {
      branch,
      workloads: groups.get(branch) ?? [],
      ...(stored === undefined ? {} : { stored }),
      ...(recordProblem === undefined ? {} : { recordProblem }),
    };
  });
}

type Work = { readonly planned: readonly Planned[]; readonly sight: Sight };
type Performed = Omit<Circumstances, 'durationMs' | 'isDryRun'> & { readonly swept: readonly SweptBranch[] };

function rehearseAll({ report }: SweepDependencies, { planned, sight }: Work): Performed {
  const swept = planned.map((plan) => rehearse(plan, sight));
  swept.forEach(report);
  return { swept, sight };
}

function rehearse({ state, decision }: Planned, sight: Sight): SweptBranch {
  const { branch } = state;
  if (decision.action === 'keep')
    return { branch, decision, result: { result: 'kept', reason: decision.reason } };
  const isWithheld = decision.action === 'sleep' && sight.sight === 'blind';
  return { branch, decision, result: { result: 'kept', reason: isWithheld ? 'blind' : 'dry-run' } };
}

/** What is kept costs no call and is told at once; the rest is done in batches, as far as the time goes. */
async function performAll(
  dependencies: SweepDependencies,
  { planned, sight }: Work,
  endsAtMs: number,
): Promise<Performed> {
  const { store, batchSize } = dependencies;
  const unordered = planned.filter(({ decision }) => decision.action !== 'keep');
  // One batch has no order, and a sweep mostly has no more than that to do.
  const place: KnownPlace = unordered.length > batchSize ? await readPlace(store) : { isKnown: false };
  const work = orderSweep(unordered, place.resumeAfter);
  const kept = planned.flatMap((plan) => keepOne(dependencies, plan));
  const { swept, sight: lastSight } = await performBatches(dependencies, { planned: work, sight }, endsAtMs);
  const left = work.slice(swept.length);
  const resumeAfter = left.length === 0 ? undefined : (swept.at(-1)?.branch ?? place.resumeAfter);
  const placeProblem = await keepPlace(store, place, resumeAfter === undefined ? {} : { resumeAfter });
  return {
    swept: [...kept, ...swept, ...left.map((plan) => leave(dependencies, plan))],
    sight: lastSight,
    ...(left.length === 0 ? {} : { stopped: { done: swept.length, remaining: left.length } }),
    ...(placeProblem === undefined ? {} : { placeProblem }),
  };
}

function keepOne({ report }: SweepDependencies, { state, decision }: Planned): SweptBranch[] {
  if (decision.action !== 'keep') return [];
  const { branch } = state;
  const swept = { branch, decision, result: { result: 'kept', reason: decision.reason } } as const;
  report(swept);
  return [swept];
}

function leave({ report }: SweepDependencies, { state, decision }: Planned): SweptBranch {
  const { branch } = state;
  const swept = { branch, decision, result: { result: 'kept', reason: 'deadline' } } as const;
  report(swept);
  return swept;
}

/** Once blind, blind to the end. */
async function performBatches(
  dependencies: SweepDependencies,
  { planned, sight: firstSight }: Work,
  endsAtMs: number,
): Promise<{ swept: readonly SweptBranch[]; sight: Sight }> {
  const { batchSize, now } = dependencies;
  const swept: SweptBranch[] = [];
  let sight = firstSight;
  while (swept.length < planned.length && now() < endsAtMs) {
    const batch = planned.slice(swept.length, swept.length + batchSize);
    if (sight.sight === 'clear') sight = await readSight(dependencies);
    swept.push(...(await performBatch(dependencies, { planned: batch, sight })));
  }
  return { swept, sight };
}

async function performBatch(
  dependencies: SweepDependencies,
  { planned, sight }: Work,
): Promise<SweptBranch[]> {
  const context = { ...dependencies, rules: rulesFor(dependencies, sight) };
  return Promise.all(
    planned.map(async (plan): Promise<SweptBranch> => {
      const { state, decision } = plan;
      const isWithheld = decision.action === 'sleep' && sight.sight === 'blind';
      const result: BranchResult = isWithheld
        ? { result: 'kept', reason: 'blind' }
        : await performDecision(context, plan);
      const swept = { branch: state.branch, decision, result };
      dependencies.report(swept);
      return swept;
    }),
  );
}
