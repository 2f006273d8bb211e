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
  /** The sweep had no time for the rest: how many branches it worked on, and how many wait for the next one. */
  readonly stopped: false | Stopped;
  readonly deleted: number;
  /** Branches that will be deleted, and when at the earliest (epoch ms); the first 50. */
  readonly deletions: readonly { readonly branch: string; readonly deleteAtMs: number }[];
  /** What could not be read that may keep branches awake, in a sentence: nothing was put to sleep. */
  readonly unreadable?: string;
  /** What went wrong beside the branches, in sentences: something that the next sweep or an owner will not know. */
  readonly sideProblems?: readonly string[];
  readonly durationMs: number;
  /** The first 500 decisions, explained: those that would do something before those that keep. Only of a dry run. */
  readonly decisions?: readonly SweptBranch[];
};

type Stopped = { readonly done: number; readonly remaining: number };

export type Circumstances = {
  readonly sight: Sight;
  /** Only of a sweep that had to stop. */
  readonly stopped?: Stopped;
  readonly unreadable?: string;
  readonly sideProblems?: readonly string[];
  readonly durationMs: number;
  readonly isDryRun: boolean;
};

const MAX_PROBLEMS = 50;
const MAX_DECISIONS = 500;

export function summarizeSweep(swept: readonly SweptBranch[], circumstances: Circumstances): SweepSummary {
  const { sight, stopped = false, unreadable, sideProblems, durationMs, isDryRun } = circumstances;
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
    stopped,
    deleted: count(({ result }) => result === 'deleted'),
    deletions: swept.flatMap(deletionOf).slice(0, MAX_PROBLEMS),
    ...(unreadable === undefined ? {} : { unreadable }),
    ...(sideProblems === undefined ? {} : { sideProblems }),
    durationMs,
    ...(isDryRun ? { decisions: firstDecisions(swept) } : {}),
  };
}

/**
 * Whether somebody should look: Cloud Scheduler counts such a sweep as failed. One that stopped is well, however many
 * did before it, since each goes on where the last one was; unless it got to no branch at all, as then the next will
 * get no further.
 */
export function isSweepUnwell({ failed, blind, stopped, unreadable }: SweepSummary): boolean {
  const isStuck = stopped !== false && stopped.done === 0;
  return failed > 0 || blind !== false || isStuck || unreadable !== undefined;
}

/** A branch that could not be dealt with. One that is kept for what its owner wrote is none. */
export function isFailure(result: BranchResult): boolean {
  if (result.result === 'kept' || result.result === 'noted') return false;
  return 'problem' in result && result.problem !== undefined;
}

/** A dry run of thousands must not answer with megabytes. */
function firstDecisions(swept: readonly SweptBranch[]): readonly SweptBranch[] {
  const isKeep = ({ decision }: SweptBranch) => decision.action === 'keep';
  const inOrder = [...swept.filter((each) => !isKeep(each)), ...swept.filter(isKeep)];
  return inOrder.slice(0, MAX_DECISIONS);
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

function deletionOf({ branch, decision }: SweptBranch) {
  const isTold = decision.action === 'announce-deletion' || decision.action === 'keep';
  return isTold && decision.deleteAtMs !== undefined ? [{ branch, deleteAtMs: decision.deleteAtMs }] : [];
}

function problemOf({ branch, decision, result }: SweptBranch): { branch: string; problem: string }[] {
  const told = 'problem' in result ? result.problem : undefined;
  const problem = told ?? (decision.action === 'keep' ? decision.problem : undefined);
  return problem === undefined ? [] : [{ branch, problem }];
}
