import type { BranchDecision } from './decide-branch.ts';

type Action = Exclude<BranchDecision['action'], 'keep'>;
type Planned = { readonly state: { readonly branch: string }; readonly decision: BranchDecision };

/** Somebody waits for the first; the second are a write each; nobody misses the last but who pays. */
const RANKS: Readonly<Record<Action, number>> = {
  heal: 0,
  settle: 0,
  'note-off': 1,
  'note-on': 1,
  expire: 1,
  register: 1,
  'announce-deletion': 1,
  sleep: 2,
  delete: 2,
};

/**
 * Sorts what a sweep has to do: visited branches first, then notes, then those that fall asleep; within each of them
 * by name, beginning after the one that the last sweep came to. So whatever a sweep has no time for is the next
 * one's first, and what fails again and again keeps nobody else waiting.
 */
export function orderSweep<Plan extends Planned>(work: readonly Plan[], resumeAfter = ''): readonly Plan[] {
  return work.toSorted((left, right) => {
    const ranks = rankOf(left) - rankOf(right);
    return ranks || turnOf(left, resumeAfter) - turnOf(right, resumeAfter) || compareNames(left, right);
  });
}

function rankOf({ decision }: Planned): number {
  return decision.action === 'keep' ? 0 : RANKS[decision.action];
}

function turnOf({ state }: Planned, resumeAfter: string): number {
  return state.branch > resumeAfter ? 0 : 1;
}

function compareNames({ state: left }: Planned, { state: right }: Planned): number {
  if (left.branch === right.branch) return 0;
  return left.branch < right.branch ? -1 : 1;
}
