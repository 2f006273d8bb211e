import { groupByBranch } from '../core/branch.ts';
import { decideBlind, type Sight } from '../core/decide-blind.ts';
import { type BranchDecision, type BranchState, decideBranch } from '../core/decide-branch.ts';
import { messageOf } from '../core/message-of.ts';
import { type SweepSummary, summarizeSweep } from '../core/summarize-sweep.ts';
import type { BranchResult, SweptBranch } from '../core/sweep-result.ts';
import type { Workload } from '../core/workload.ts';
import type { StoreSnapshot } from '../ports.ts';
import { performDecision } from './perform-decision.ts';
import type { SweepContext } from './sweep-context.ts';

export type SweepDependencies = SweepContext & {
  /** Fewer proxies that beat make the sweep blind. */
  readonly expectedProxies: number;
  /** How many branches are worked on at once; the heartbeats are read again before each batch. */
  readonly batchSize: number;
  /** Told of each branch as soon as it is done. */
  readonly report: (swept: SweptBranch) => void;
};

export type SweepOptions = { readonly isDryRun: boolean };

type Planned = { readonly state: BranchState; readonly decision: BranchDecision; readonly nowMs: number };

/**
 * Creates the flow that looks at every branch once and does what is decided for it. Branches fail one by one and
 * never stop the others; sweeps may overlap, repeat and die at any step.
 *
 * The flow rejects with a `ClusterError` or `StoreError` when there is nothing to decide upon: no list, no records.
 */
export function createSweep(
  dependencies: SweepDependencies,
): (options: SweepOptions) => Promise<SweepSummary> {
  return async ({ isDryRun }) => {
    const startedMs = dependencies.now();
    const sight = await readSight(dependencies);
    const planned = await planSweep(dependencies);
    const { swept, sight: lastSight } = isDryRun
      ? { swept: planned.map((plan) => rehearse(plan, sight)), sight }
      : await performAll(dependencies, { planned, sight });
    if (isDryRun) swept.forEach(dependencies.report);
    return summarizeSweep(swept, { sight: lastSight, durationMs: dependencies.now() - startedMs, isDryRun });
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
async function planSweep({ cluster, store, rules }: SweepDependencies): Promise<readonly Planned[]> {
  const workloads = await cluster.listWorkloads();
  const snapshot = await store.readAll();
  const { nowMs } = snapshot;
  return statesOf(workloads, snapshot).map((state) => ({
    state,
    decision: decideBranch(state, rules, nowMs),
    nowMs,
  }));
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

function rehearse({ state, decision }: Planned, sight: Sight): SweptBranch {
  const { branch } = state;
  if (decision.action === 'keep')
    return { branch, decision, result: { result: 'kept', reason: decision.reason } };
  const isWithheld = decision.action === 'sleep' && sight.sight === 'blind';
  return { branch, decision, result: { result: 'kept', reason: isWithheld ? 'blind' : 'dry-run' } };
}

type Work = { readonly planned: readonly Planned[]; readonly sight: Sight };

/** What is kept costs no call and is told at once; the rest is done in batches. Once blind, blind to the end. */
async function performAll(
  dependencies: SweepDependencies,
  { planned, sight: firstSight }: Work,
): Promise<{ swept: readonly SweptBranch[]; sight: Sight }> {
  const { batchSize } = dependencies;
  const isKept = ({ decision }: Planned) => decision.action === 'keep';
  const work = planned.filter((plan) => !isKept(plan));
  let sight = firstSight;
  const swept = await performBatch(dependencies, { planned: planned.filter(isKept), sight });
  for (let start = 0; start < work.length; start += batchSize) {
    const batch = work.slice(start, start + batchSize);
    if (sight.sight === 'clear') sight = await readSight(dependencies);
    swept.push(...(await performBatch(dependencies, { planned: batch, sight })));
  }
  return { swept, sight };
}

async function performBatch(
  dependencies: SweepDependencies,
  { planned, sight }: Work,
): Promise<SweptBranch[]> {
  return Promise.all(
    planned.map(async (plan): Promise<SweptBranch> => {
      const { state, decision } = plan;
      const isWithheld = decision.action === 'sleep' && sight.sight === 'blind';
      const result: BranchResult = isWithheld
        ? { result: 'kept', reason: 'blind' }
        : await performDecision(dependencies, plan);
      const swept = { branch: state.branch, decision, result };
      dependencies.report(swept);
      return swept;
    }),
  );
}
