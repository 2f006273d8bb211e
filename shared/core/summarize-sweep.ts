import { countPods } from './branch-record.ts';
import type { Sight } from './decide-blind.ts';
import type { BranchResult, SweptBranch } from './sweep-result.ts';

/** What the sleep function answers. Counts are branches. */
export type SweepSummary = {
  readonly dryRun: boolean;
  /** Why the sweep could not trust that it would have heard of visits; false if it could. */
  readonly blind: false | { readonly reason: string; readonly explanation: string };
  readonly branches: number;
  readonly slept: number;
  /** By reason. */
  readonly kept: Readonly<Record<string, number>>;
  /** Of how many branches and pods nothing runs now, thanks to Dormouse. */
  readonly asleep: { readonly branches: number; readonly pods: number };
  readonly healed: number;
  /** Put back by somebody else since they were put to sleep. */
  readonly contested: number;
  readonly failed: number;
  /** Sentences that name a branch and what is wrong with it; the first 50. */
  readonly problems: readonly { readonly branch: string; readonly problem: string }[];
  readonly durationMs: number;
  /** Every decision, explained; only of a dry run. */
  readonly decisions?: readonly SweptBranch[];
};

type Circumstances = { readonly sight: Sight; readonly durationMs: number; readonly isDryRun: boolean };

const MAX_PROBLEMS = 50;

export function summarizeSweep(swept: readonly SweptBranch[], circumstances: Circumstances): SweepSummary {
  const { sight, durationMs, isDryRun } = circumstances;
  const results = swept.map(({ result }) => result);
  const count = (matches: (result: BranchResult) => boolean) => results.filter(matches).length;
  return {
    dryRun: isDryRun,
    blind: sight.sight === 'blind' && { reason: sight.reason, explanation: sight.explanation },
    branches: swept.length,
    slept: count(({ result }) => result === 'slept'),
    kept: countReasons(results),
    asleep: countAsleep(swept),
    healed: count(({ result }) => result === 'healed' || result === 'waking'),
    contested: count((result) => result.result === 'settled' && result.contested !== undefined),
    failed: count(isFailure),
    problems: swept.flatMap(problemOf).slice(0, MAX_PROBLEMS),
    durationMs,
    ...(isDryRun ? { decisions: swept } : {}),
  };
}

/** Whether somebody should look: Cloud Scheduler counts such a sweep as failed. */
export function isSweepUnwell(summary: SweepSummary): boolean {
  return summary.failed > 0 || summary.blind !== false;
}

/** A branch that could not be dealt with. One that is kept for what its owner wrote is none. */
export function isFailure(result: BranchResult): boolean {
  if (result.result === 'kept' || result.result === 'noted') return false;
  return 'problem' in result && result.problem !== undefined;
}

function countAsleep(swept: readonly SweptBranch[]): SweepSummary['asleep'] {
  const asleep = swept.flatMap(({ decision, result }) => {
    if (result.result === 'slept') return countPods(result.replicas);
    return decision.action === 'keep' && decision.reason === 'asleep' ? (decision.pods ?? 0) : [];
  });
  return { branches: asleep.length, pods: asleep.reduce((sum, pods) => sum + pods, 0) };
}

function countReasons(results: readonly BranchResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) {
    if (result.result !== 'kept' && result.result !== 'undone') continue;
    counts[result.reason] = (counts[result.reason] ?? 0) + 1;
  }
  return counts;
}

function problemOf({ branch, decision, result }: SweptBranch): { branch: string; problem: string }[] {
  const told = 'problem' in result ? result.problem : undefined;
  const problem = told ?? (decision.action === 'keep' ? decision.problem : undefined);
  return problem === undefined ? [] : [{ branch, problem }];
}
