import {
  activityMs,
  isAsleep,
  isBackgroundHeeded,
  isDeployedSinceClaim,
  isVisitedSinceClaim,
  membersOf,
} from './branch.ts';
import { type BranchRecord, countPods, isPinned, type StoredRecord } from './branch-record.ts';
import {
  type DeletionDecision,
  type DeletionRules,
  decideDeletion,
  isDeletionDue,
} from './decide-deletion.ts';
import { isKeepAwakeDue, isKeepAwakeNear } from './keep-awake.ts';
import { type Policy, type PolicyDefaults, policyOf } from './policy.ts';
import type { Workload } from './workload.ts';

/** A Job that runs and that no CronJob started. */
export type RunningJob = { readonly name: string; readonly startedMs: number };

/** What the sweep knows of one branch. */
export type BranchState = {
  readonly branch: string;
  readonly workloads: readonly Workload[];
  readonly stored?: StoredRecord;
  /** The record is there and cannot be read. */
  readonly recordProblem?: string;
  readonly jobs?: readonly RunningJob[];
  /** Something that could tell that the branch is in use cannot be read: a sentence. It stays awake. */
  readonly unreadable?: string;
};

/** `off`: nothing is put to sleep and what sleeps is woken, so that Dormouse can be taken away. */
export type Mode = 'on' | 'off';
export type Rules = PolicyDefaults & {
  readonly mode: Mode;
  readonly deletion: DeletionRules;
  /** Visits before this moment may not have been heard of: no branch counts as idle for longer. Default 0. */
  readonly heardSinceMs?: number;
};

export type KeepReason =
  | 'active'
  | 'asleep'
  | 'background-activity'
  | 'bad-annotation'
  | 'claim-settling'
  | 'contested'
  | 'gone'
  | 'job-running'
  | 'keep-awake-hours'
  | 'malformed-record'
  | 'mode-off'
  | 'never-sleeps'
  | 'opted-out'
  | 'pinned'
  | 'rollout-unfinished'
  | 'scaled-to-zero-by-hand'
  | 'source-unreadable';

/** `pods`: how many a sleeping branch had, and will have again. `deleteAtMs`: its deletion is announced. */
export type Keep = {
  readonly action: 'keep';
  readonly reason: KeepReason;
  readonly problem?: string;
  readonly pods?: number;
  readonly deleteAtMs?: number;
};

export type HealReason = 'visited' | 'mode-off' | 'pinned' | 'schedule';

export type BranchDecision =
  | { readonly action: 'sleep'; readonly idleMs: number }
  | Keep
  | DeletionDecision
  /** First seen: gets a record, stamped now. */
  | { readonly action: 'register' }
  /** At 0 though somebody came or is about to, or though Dormouse is off: wake. */
  | { readonly action: 'heal'; readonly reason: HealReason }
  /** Claimed and found above 0: wake the rest; once all are up, end the claim. */
  | { readonly action: 'settle'; readonly end: ClaimEnd }
  | { readonly action: 'note-off' }
  /** Scaled up by hand after it was off: counts as a visit. */
  | { readonly action: 'note-on' }
  /**
   * The workloads are gone: the record forgets its claim and may be deleted. `isServiceDue`: a deletion was announced in
   * time, and may have been cut short before the Service.
   */
  | { readonly action: 'expire'; readonly isServiceDue: boolean };

/**
 * Why a claimed branch is up again: somebody visited, a pin or its hours called for it, a deploy, or, `put-back`,
 * somebody put the replicas back and nothing else.
 */
export type ClaimEnd = 'visited' | 'expected' | 'deployed' | 'put-back';

/** So often in a row somebody else may put the replicas back before Dormouse gives in for a while. */
export const CONTESTED_LIMIT = 3;

/** Decides what the sweep does with one branch. Doubt means keep awake. */
export function decideBranch(state: BranchState, rules: Rules, nowMs: number): BranchDecision {
  const { branch, workloads, stored, recordProblem } = state;
  if (recordProblem !== undefined) return keep('malformed-record', recordProblem);
  if (workloads.length === 0) return decideGone(stored, rules, nowMs);
  const policy = policyOf(branch, workloads, rules);
  if (!policy.isEnabled) return keep('opted-out');
  if (stored === undefined) return { action: 'register' };
  const { record } = stored;
  const members = membersOf(branch, workloads, record);
  const known = { state, record, members, policy };
  if (record.asleepSinceMs !== undefined) return decideClaimed(known, rules, nowMs);
  if (members.every((member) => member.replicas === 0)) return decideOff(known, rules, nowMs);
  if (record.offSinceMs !== undefined) return { action: 'note-on' };
  return decideAwake(known, rules, nowMs);
}

/** A branch with workloads and a record. */
type Known = {
  readonly state: BranchState;
  readonly record: BranchRecord;
  readonly members: readonly Workload[];
  readonly policy: Policy;
};

function decideGone(stored: StoredRecord | undefined, rules: Rules, nowMs: number): BranchDecision {
  if (stored === undefined || stored.record.expireAtMs !== undefined) return keep('gone');
  return { action: 'expire', isServiceDue: isDeletionDue(stored.record, rules, nowMs) };
}

function decideClaimed(known: Known, rules: Rules, nowMs: number): BranchDecision {
  const { record, members, policy } = known;
  if (isAsleep(members)) {
    const reason = whyHeal(known, rules, nowMs);
    if (reason !== undefined) return { action: 'heal', reason };
  }
  if (members.every((member) => member.replicas === 0)) {
    const asleep = { ...keep('asleep'), pods: countPods(record.replicas) };
    return decideRemoval(known, rules, { nowMs, otherwise: asleep });
  }
  const claimAgeMs = nowMs - (record.asleepSinceMs ?? nowMs);
  if (claimAgeMs <= rules.timing.claimSettlesMs) return keep('claim-settling');
  return { action: 'settle', end: claimEndOf(known.state, { record, policy }, { rules, nowMs }) };
}

function whyHeal({ state, record, policy }: Known, rules: Rules, nowMs: number): HealReason | undefined {
  if (rules.mode === 'off') return 'mode-off';
  if (isVisitedSinceClaim(record, { ...rules.timing, backgroundMaxMs: policy.backgroundMaxMs }))
    return 'visited';
  if (isPinned(record, nowMs)) return 'pinned';
  return isScheduled(state, { record, policy }, { rules, nowMs }) ? 'schedule' : undefined;
}

type Claimed = { readonly record: BranchRecord; readonly policy: Policy };
type At = { readonly rules: Rules; readonly nowMs: number };

/**
 * Why a claimed branch is above 0. Dormouse's own wakes by pin and schedule are nobody's contest. Whoever scales up a branch
 * that its hours would not wake has visited it, or it would sleep again as soon as they are over.
 * `state` holds the workloads as they are now.
 */
export function claimEndOf(
  state: Pick<BranchState, 'workloads'>,
  { record, policy }: Claimed,
  { rules, nowMs }: At,
): ClaimEnd {
  const { timing } = rules;
  if (isVisitedSinceClaim(record, { ...timing, backgroundMaxMs: policy.backgroundMaxMs })) return 'visited';
  if (isPinned(record, nowMs) || isScheduled(state, { record, policy }, { rules, nowMs })) return 'expected';
  return isDeployedSinceClaim(record, state.workloads) ? 'deployed' : 'put-back';
}

/** A window that all branches inherit must not wake every dead branch at nine: somebody used it of late, or it is its own. */
function isScheduled(
  state: Pick<BranchState, 'workloads'>,
  { record, policy }: Claimed,
  { rules, nowMs }: At,
): boolean {
  const { keepAwake } = policy;
  const { sweepEveryMs, scheduledWakeWithinMs } = rules.timing;
  if (keepAwake === undefined) return false;
  const isOfLate = nowMs - activityMs(record, state.workloads) <= scheduledWakeWithinMs;
  if (!keepAwake.isOwn && !isOfLate) return false;
  return isKeepAwakeDue(keepAwake.hours, record.asleepSinceMs ?? nowMs, { leadMs: sweepEveryMs, nowMs });
}

function decideOff(known: Known, rules: Rules, nowMs: number): BranchDecision {
  if (known.record.offSinceMs === undefined) return { action: 'note-off' };
  return decideRemoval(known, rules, { nowMs, otherwise: keep('scaled-to-zero-by-hand') });
}

function decideRemoval(
  { state, record, policy }: Known,
  rules: Rules,
  { nowMs, otherwise }: { nowMs: number; otherwise: Keep },
): BranchDecision {
  if (rules.mode === 'off' || state.unreadable !== undefined) return otherwise;
  const circumstances = { rules: rules.deletion, timing: rules.timing };
  const removal = decideDeletion({ workloads: state.workloads, record, policy }, circumstances, nowMs);
  if (removal === undefined) return otherwise;
  if ('action' in removal) return removal;
  if ('deleteAtMs' in removal) return { ...otherwise, ...removal };
  const problem = `its delete-after is over, but ${removal.trackedBy} would bring it back: delete it there`;
  return { ...otherwise, problem };
}

function decideAwake(known: Known, rules: Rules, nowMs: number): BranchDecision {
  const { state, record, policy } = known;
  const idleMs = nowMs - Math.max(activityMs(record, state.workloads), rules.heardSinceMs ?? 0);
  if (rules.mode === 'off') return keep('mode-off');
  if (policy.problems.length > 0) return keep('bad-annotation', policy.problems.join('; '));
  if (policy.idleAfterMs === Number.POSITIVE_INFINITY) return keep('never-sleeps');
  if (idleMs < policy.idleAfterMs) return keep('active');
  return decideIdle(known, rules, nowMs) ?? { action: 'sleep', idleMs };
}

/** What keeps a branch awake that nobody visited for long enough. */
function decideIdle(known: Known, rules: Rules, nowMs: number): Keep | undefined {
  const { state, record, policy } = known;
  const { timing } = rules;
  if (isPinned(record, nowMs)) return keep('pinned');
  if (policy.keepAwake && isKeepAwakeNear(policy.keepAwake.hours, timing.sweepEveryMs, nowMs))
    return keep('keep-awake-hours');
  if (isBusyInBackground(known, rules, nowMs)) return keep('background-activity');
  const job = state.jobs?.find(({ startedMs }) => nowMs - startedMs < timing.jobKeepsAwakeMs);
  if (job !== undefined) return keep('job-running');
  return decideContested(record, rules, nowMs) ?? decideDoubt(state);
}

/**
 * A little longer than background activity is heeded, so that the last sign of it is older than the slack between
 * a visit and a claim: else the next sweep would take it for a visit, and wake the branch once more.
 */
function isBusyInBackground({ record, policy }: Known, { timing }: Rules, nowMs: number): boolean {
  const { lastBackgroundMs } = record;
  if (lastBackgroundMs === undefined || nowMs - lastBackgroundMs >= policy.idleAfterMs) return false;
  if (!isBackgroundHeeded(record, policy.backgroundMaxMs, lastBackgroundMs)) return false;
  return isBackgroundHeeded(record, policy.backgroundMaxMs + 2 * timing.visitSlackMs, nowMs);
}

function decideContested(record: BranchRecord, { timing }: Rules, nowMs: number): Keep | undefined {
  const isContested = (record.contested ?? 0) >= CONTESTED_LIMIT;
  if (!isContested || nowMs - record.lastAccessMs >= timing.contestedRestMs) return undefined;
  const what = `somebody else woke it ${record.contested} times in a row; it is left awake for a day`;
  return keep('contested', what);
}

function decideDoubt({ workloads, unreadable }: BranchState): Keep | undefined {
  const unfinished = workloads.find((workload) => workload.isRolloutUnfinished);
  if (unfinished !== undefined) {
    const why = 'the rollout is unfinished, and from 0 only its newest revision would start';
    return keep('rollout-unfinished', `${unfinished.kind}/${unfinished.name}: ${why}`);
  }
  return unreadable === undefined ? undefined : keep('source-unreadable', unreadable);
}

function keep(reason: KeepReason, problem?: string): Keep {
  return problem === undefined ? { action: 'keep', reason } : { action: 'keep', reason, problem };
}
