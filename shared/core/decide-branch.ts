import { activityMs, isAsleep, isVisitedSinceClaim, membersOf } from './branch.ts';
import { type BranchRecord, countPods, type StoredRecord } from './branch-record.ts';
import { isKeepAwakeOpen } from './keep-awake.ts';
import { type Policy, policyOf } from './policy.ts';
import type { Timing } from './timing.ts';
import type { Workload } from './workload.ts';

/** What the sweep knows of one branch. */
export type BranchState = {
  readonly branch: string;
  readonly workloads: readonly Workload[];
  readonly stored?: StoredRecord;
  /** The record is there and cannot be read. */
  readonly recordProblem?: string;
};

/** `off`: nothing is put to sleep and what sleeps is woken, so that Dormouse can be taken away. */
export type Mode = 'on' | 'off';
export type Rules = {
  readonly timing: Timing;
  readonly mode: Mode;
  /** Visits before this moment may not have been heard of: no branch counts as idle for longer. Default 0. */
  readonly heardSinceMs?: number;
};

export type KeepReason =
  | 'active'
  | 'asleep'
  | 'bad-annotation'
  | 'claim-settling'
  | 'contested'
  | 'gone'
  | 'keep-awake-hours'
  | 'malformed-record'
  | 'mode-off'
  | 'never-sleeps'
  | 'opted-out'
  | 'pinned'
  | 'rollout-unfinished'
  | 'scaled-to-zero-by-hand';

/** `pods`: how many a sleeping branch had, and will have again. */
export type Keep = {
  readonly action: 'keep';
  readonly reason: KeepReason;
  readonly problem?: string;
  readonly pods?: number;
};

export type BranchDecision =
  | { readonly action: 'sleep'; readonly idleMs: number }
  | Keep
  /** First seen: gets a record, stamped now. */
  | { readonly action: 'register' }
  /** At 0 though somebody came, or though Dormouse is off: wake. */
  | { readonly action: 'heal'; readonly reason: 'visited' | 'mode-off' }
  /** Claimed and found above 0: wake the rest; once all are up, end the claim. */
  | { readonly action: 'settle'; readonly isVisited: boolean }
  | { readonly action: 'note-off' }
  /** Scaled up by hand after it was off: counts as a visit. */
  | { readonly action: 'note-on' }
  /** The workloads are gone: the record forgets its claim and may be deleted. */
  | { readonly action: 'expire' };

const CONTESTED_LIMIT = 3;

/** Decides what the sweep does with one branch. Doubt means keep awake. */
export function decideBranch(state: BranchState, rules: Rules, nowMs: number): BranchDecision {
  const { branch, workloads, stored, recordProblem } = state;
  if (recordProblem !== undefined) return keep('malformed-record', recordProblem);
  if (workloads.length === 0) return decideGone(stored);
  const policy = policyOf(branch, workloads, rules.timing);
  if (!policy.isEnabled) return keep('opted-out');
  if (stored === undefined) return { action: 'register' };
  const members = membersOf(branch, workloads, stored.record);
  if (stored.record.asleepSinceMs !== undefined)
    return decideClaimed(stored.record, members, { rules, nowMs });
  if (members.every((member) => member.replicas === 0)) {
    return stored.record.offSinceMs === undefined ? { action: 'note-off' } : keep('scaled-to-zero-by-hand');
  }
  if (stored.record.offSinceMs !== undefined) return { action: 'note-on' };
  return decideAwake({ workloads, record: stored.record, policy }, rules, nowMs);
}

function decideGone(stored: StoredRecord | undefined): BranchDecision {
  return stored === undefined || stored.record.expireAtMs !== undefined ? keep('gone') : { action: 'expire' };
}

function decideClaimed(
  record: BranchRecord,
  members: readonly Workload[],
  { rules, nowMs }: { rules: Rules; nowMs: number },
): BranchDecision {
  const { timing, mode } = rules;
  const isVisited = isVisitedSinceClaim(record, timing.visitSlackMs);
  if (isAsleep(members) && mode === 'off') return { action: 'heal', reason: 'mode-off' };
  if (isAsleep(members) && isVisited) return { action: 'heal', reason: 'visited' };
  if (members.every((member) => member.replicas === 0))
    return { ...keep('asleep'), pods: countPods(record.replicas) };
  const claimAgeMs = nowMs - (record.asleepSinceMs ?? nowMs);
  return claimAgeMs > timing.claimSettlesMs ? { action: 'settle', isVisited } : keep('claim-settling');
}

type Awake = {
  readonly workloads: readonly Workload[];
  readonly record: BranchRecord;
  readonly policy: Policy;
};

function decideAwake(awake: Awake, rules: Rules, nowMs: number): BranchDecision {
  const { workloads, record, policy } = awake;
  const idleMs = nowMs - Math.max(activityMs(record, workloads), rules.heardSinceMs ?? 0);
  if (rules.mode === 'off') return keep('mode-off');
  if (policy.problems.length > 0) return keep('bad-annotation', policy.problems.join('; '));
  if (policy.idleAfterMs === Number.POSITIVE_INFINITY) return keep('never-sleeps');
  if (idleMs < policy.idleAfterMs) return keep('active');
  return decideIdle(awake, rules.timing, nowMs) ?? { action: 'sleep', idleMs };
}

/** What keeps a branch awake that nobody used for long enough. */
function decideIdle({ workloads, record, policy }: Awake, timing: Timing, nowMs: number): Keep | undefined {
  if ((record.pinnedUntilMs ?? 0) > nowMs) return keep('pinned');
  if (policy.keepAwake !== undefined && isKeepAwakeOpen(policy.keepAwake, nowMs))
    return keep('keep-awake-hours');
  const isContested = (record.contested ?? 0) >= CONTESTED_LIMIT;
  if (isContested && nowMs - record.lastAccessMs < timing.contestedRestMs) {
    return keep(
      'contested',
      `somebody else woke it ${record.contested} times in a row; it is left awake for a day`,
    );
  }
  const unfinished = workloads.find((workload) => workload.isRolloutUnfinished);
  if (unfinished === undefined) return undefined;
  const why = 'the rollout is unfinished, and from 0 only its newest revision would start';
  return keep('rollout-unfinished', `${unfinished.kind}/${unfinished.name}: ${why}`);
}

function keep(reason: KeepReason, problem?: string): Keep {
  return problem === undefined ? { action: 'keep', reason } : { action: 'keep', reason, problem };
}
