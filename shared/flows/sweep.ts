import { decideBlind, type Sight } from '../core/decide-blind.ts';
import type { BranchDecision } from '../core/decide-branch.ts';
import { messageOf } from '../core/message-of.ts';
import { orderSweep } from '../core/order-sweep.ts';
import { type Circumstances, type SweepSummary, summarizeSweep } from '../core/summarize-sweep.ts';
import type { BranchResult, SweptBranch } from '../core/sweep-result.ts';
import { performDecision } from './perform-decision.ts';
import { type Planned, planSweep, rulesFor, type SweepPlan, type SweepSettings } from './plan-sweep.ts';
import type { SweepContext } from './sweep-context.ts';
import { type KnownPlace, keepPlace, readPlace } from './sweep-place.ts';
import { tellOwners } from './tell-owners.ts';
import { tryOrSay } from './try-or-say.ts';

export type SweepDependencies = Omit<SweepContext, 'rules' | 'surroundings'> & {
  readonly settings: SweepSettings;
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
    const place = await readPlace(dependencies.store);
    const plan = await planSweep(dependencies, { sight, place });
    const performed = isDryRun
      ? rehearseAll(dependencies, { ...plan, sight })
      : await performAll(dependencies, { ...plan, sight, place }, endsAtMs);
    const { swept, ...circumstances } = performed;
    const { unreadable } = plan.surroundings;
    const durationMs = dependencies.now() - startedMs;
    const source = unreadable === undefined ? {} : { unreadable };
    return summarizeSweep(swept, { ...circumstances, ...source, durationMs, isDryRun });
  };
}

/** Fails closed: heartbeats that cannot be read are none. */
async function readSight({ store, settings, expectedProxies }: SweepDependencies): Promise<Sight> {
  try {
    const { heartbeats, nowMs } = await store.readHeartbeats();
    return decideBlind(heartbeats, { timing: settings.timing, expectedProxies }, nowMs);
  } catch (error) {
    const explanation = `the heartbeats cannot be read: ${messageOf(error)}`;
    return { sight: 'blind', reason: 'no-heartbeat', explanation };
  }
}

type Work = SweepPlan & { readonly sight: Sight };
type Begun = Work & { readonly place: KnownPlace };
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
  const reason = isWithheld(decision, sight) ? 'blind' : 'dry-run';
  return { branch, decision, result: { result: 'kept', reason } };
}

/** What is kept costs no call and is told at once; the rest is done in batches, as far as the time goes. */
async function performAll(
  dependencies: SweepDependencies,
  work: Begun,
  endsAtMs: number,
): Promise<Performed> {
  const { planned, place } = work;
  const due = orderSweep(
    planned.filter(({ decision }) => decision.action !== 'keep'),
    place.resumeAfter,
  );
  const kept = planned.flatMap((plan) => keepOne(dependencies, plan));
  const { swept, sight } = await performBatches(dependencies, { ...work, planned: due }, endsAtMs);
  const left = due.slice(swept.length);
  const all = [...kept, ...swept, ...left.map((plan) => leave(dependencies, plan))];
  const problems = [
    await rememberPlace(dependencies, { place, left, lastBranch: swept.at(-1)?.branch }),
    await rememberBlindness(dependencies, sight),
    await tellOwners(dependencies.cluster, planned, all),
  ].filter((problem) => problem !== undefined);
  return {
    swept: all,
    sight,
    ...(left.length === 0 ? {} : { stopped: { done: swept.length, remaining: left.length } }),
    ...(problems.length === 0 ? {} : { sideProblems: problems }),
  };
}

type Left = {
  readonly place: KnownPlace;
  readonly left: readonly Planned[];
  readonly lastBranch: string | undefined;
};

function rememberPlace({ store }: SweepDependencies, { place, left, lastBranch }: Left) {
  const resumeAfter = left.length === 0 ? undefined : (lastBranch ?? place.resumeAfter);
  return keepPlace(store, place, resumeAfter === undefined ? {} : { resumeAfter });
}

/** Nothing but deletions goes by it. A store that cannot be written is one reason for being blind: the next sweep tries again. */
async function rememberBlindness(
  { store, settings }: SweepDependencies,
  { sight }: Sight,
): Promise<string | undefined> {
  if (sight === 'clear' || settings.mayDelete !== true) return undefined;
  return tryOrSay('that this sweep was blind could not be written', () => store.stampBlindSweep());
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
  work: Begun,
  endsAtMs: number,
): Promise<{ swept: readonly SweptBranch[]; sight: Sight }> {
  const { batchSize, now } = dependencies;
  const { planned } = work;
  const swept: SweptBranch[] = [];
  let { sight } = work;
  while (swept.length < planned.length && now() < endsAtMs) {
    const batch = planned.slice(swept.length, swept.length + batchSize);
    if (sight.sight === 'clear') sight = await readSight(dependencies);
    swept.push(...(await performBatch(dependencies, { ...work, planned: batch, sight })));
  }
  return { swept, sight };
}

async function performBatch(
  dependencies: SweepDependencies,
  { planned, sight, rules, surroundings }: Work,
): Promise<SweptBranch[]> {
  const context = { ...dependencies, surroundings, rules: rulesFor(rules, sight) };
  return Promise.all(
    planned.map(async (plan): Promise<SweptBranch> => {
      const { state, decision } = plan;
      const result: BranchResult = isWithheld(decision, sight)
        ? { result: 'kept', reason: 'blind' }
        : await performDecision(context, plan);
      const swept = { branch: state.branch, decision, result };
      dependencies.report(swept);
      return swept;
    }),
  );
}

const WITHHELD: readonly BranchDecision['action'][] = ['sleep', 'announce-deletion', 'delete'];

/** What a blind sweep does not do: the end of a deletion neither. */
function isWithheld(decision: BranchDecision, { sight }: Sight): boolean {
  if (sight !== 'blind') return false;
  if (decision.action === 'expire') return decision.isServiceDue;
  return WITHHELD.includes(decision.action);
}
