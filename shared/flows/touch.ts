import { isAsleep } from '../core/branch.ts';
import { messageOf } from '../core/message-of.ts';
import { policyOf } from '../core/policy.ts';
import type { WokenMember } from '../core/sweep-result.ts';
import type { Timing } from '../core/timing.ts';
import type { VisitCluster, VisitStore } from '../ports.ts';
import { type Allowance, createAllowance } from './allowance.ts';
import type { KnownBranches } from './known-branches.ts';
import { readMembers } from './read-members.ts';
import { createRecent, type Recent } from './recent.ts';
import { createSingleFlight, type SingleFlight } from './single-flight.ts';
import { wakeMembers } from './wake-members.ts';

/** Whether the visit was written: `throttled` means that one was, moments ago. */
export type Stamp =
  | { readonly stamp: 'written' | 'throttled' | 'missing' }
  | { readonly stamp: 'failed'; readonly problem: string };

export type TouchOutcome =
  /** `would-wake`: it is asleep, and a dry run changes nothing. */
  | { readonly outcome: 'awake' | 'would-wake'; readonly stamp: Stamp }
  | { readonly outcome: 'opted-out'; readonly stamp: Stamp; readonly isAsleep: boolean }
  | { readonly outcome: 'woken'; readonly stamp: Stamp; readonly woken: readonly WokenMember[] }
  | { readonly outcome: 'no-such-branch' }
  /** Too many hosts that nobody knows were asked for: this one is not looked up just now. */
  | { readonly outcome: 'busy' };

export type TouchDependencies = {
  readonly store: VisitStore;
  readonly cluster: VisitCluster;
  readonly known: KnownBranches;
  readonly timing: Timing;
  /** Record visits, scale nothing. */
  readonly isDryRun?: boolean;
  /** The instance's own clock, epoch ms: it times caches, nothing else. */
  readonly now: () => number;
};

/** `isHeld`: the visitor found nobody home, so that what was known about the branch does not count. */
export type Touch = (branch: string, options?: { readonly isHeld?: boolean }) => Promise<TouchOutcome>;

type Touching = TouchDependencies & {
  readonly written: Recent;
  readonly awake: Recent;
  /** Of looks at what may be made up, since the store does not tell. */
  readonly unrecorded: Allowance;
  /** A mirrored visit and a held one look apart, and scale together. */
  readonly oneWake: SingleFlight<readonly WokenMember[]>;
};

/** Together at most 240 in any minute: a look costs Kubernetes five reads. */
const UNRECORDED_SAVED_UP = 120;
const UNRECORDED_PER_MINUTE = 120;

/**
 * Creates the flow that records a visit and wakes the branch if it is asleep. The order is what a sweep relies
 * on: when the write has ended, look; never in parallel. Waking fails open: a store that fails prevents nothing,
 * the branch is looked at all the same; only of made-up hosts at most 240 a minute are, beyond which all are `busy`.
 *
 * The flow rejects with a `ClusterError` when Kubernetes cannot be asked.
 */
export function createTouch(dependencies: TouchDependencies): Touch {
  const { timing, now } = dependencies;
  const touching: Touching = {
    ...dependencies,
    written: createRecent({ forMs: timing.touchWriteEveryMs, now }),
    awake: createRecent({ forMs: timing.awakeTrustedMs, now }),
    unrecorded: createAllowance({ savedUp: UNRECORDED_SAVED_UP, perMinute: UNRECORDED_PER_MINUTE, now }),
    oneWake: createSingleFlight(),
  };
  const oneFlight = createSingleFlight<TouchOutcome>();
  return (branch, { isHeld = false } = {}) => {
    if (!isHeld && isFresh(touching, branch)) return FRESH;
    return oneFlight(isHeld ? `held ${branch}` : branch, () => touch(touching, branch, isHeld));
  };
}

/** One promise for all: functions-framework watches each, and most touches under load end here. */
const FRESH = Promise.resolve<TouchOutcome>({ outcome: 'awake', stamp: { stamp: 'throttled' } });

/** Written, and seen awake, moments ago: what `touch` would find, too. */
function isFresh({ known, written, awake }: Touching, branch: string): boolean {
  return written.has(branch) && awake.has(branch) && !known.isMarkedUnknown(branch);
}

async function touch(touching: Touching, branch: string, isHeld: boolean): Promise<TouchOutcome> {
  if (touching.known.isMarkedUnknown(branch)) return { outcome: 'no-such-branch' };
  const stamp = await stampVisit(touching, branch);
  const found = stamp.stamp === 'missing' ? await touching.known.ask(branch) : 'known';
  if (found !== 'known') return { outcome: found === 'busy' ? 'busy' : 'no-such-branch' };
  const stamped = { stamp, isHeld };
  return stamp.stamp === 'failed'
    ? touchUnrecorded(touching, branch, stamped)
    : touchKnown(touching, branch, stamped);
}

/** Branches that are there use up nothing: what must be bounded is what people make up. */
async function touchUnrecorded(touching: Touching, branch: string, stamped: Stamped): Promise<TouchOutcome> {
  if (touching.known.isMarkedKnown(branch)) return touchKnown(touching, branch, stamped);
  if (!touching.unrecorded.take()) return { outcome: 'busy' };
  const outcome = await touchKnown(touching, branch, stamped);
  if (outcome.outcome !== 'no-such-branch') touching.unrecorded.giveBack();
  return outcome;
}

type Stamped = { readonly stamp: Stamp; readonly isHeld: boolean };

async function touchKnown(
  touching: Touching,
  branch: string,
  { stamp, isHeld }: Stamped,
): Promise<TouchOutcome> {
  const isRecorded = stamp.stamp === 'written' || stamp.stamp === 'throttled';
  if (isRecorded && !isHeld && touching.awake.has(branch)) return { outcome: 'awake', stamp };
  const outcome = await look(touching, branch, stamp);
  if (isRecorded && outcome.outcome === 'awake') touching.awake.add(branch);
  return outcome;
}

async function stampVisit({ store, written }: Touching, branch: string): Promise<Stamp> {
  if (written.has(branch)) return { stamp: 'throttled' };
  try {
    const stamp = await store.stampVisit(branch);
    if (stamp === 'missing') return { stamp };
    written.add(branch);
    return { stamp: 'written' };
  } catch (error) {
    return { stamp: 'failed', problem: messageOf(error) };
  }
}

async function look(touching: Touching, branch: string, stamp: Stamp): Promise<TouchOutcome> {
  const { cluster, timing, known, isDryRun = false } = touching;
  const { members, record } = await readMembers(touching, branch);
  if (members.length === 0) {
    known.markUnknown(branch);
    return { outcome: 'no-such-branch' };
  }
  known.markKnown(branch);
  if (stamp.stamp === 'missing') return look(touching, branch, await createRecord(touching, branch));
  const isEnabled = policyOf(branch, members, timing).isEnabled;
  if (!isEnabled) return { outcome: 'opted-out', stamp, isAsleep: isAsleep(members) };
  if (!isAsleep(members)) return { outcome: 'awake', stamp };
  if (isDryRun) return { outcome: 'would-wake', stamp };
  const woken = await touching.oneWake(branch, () => wakeMembers(cluster, members, record));
  return { outcome: 'woken', stamp, woken };
}

/** For a branch that Kubernetes has and the store does not. `exists`: somebody else was first, and came now. */
async function createRecord({ store, written }: Touching, branch: string): Promise<Stamp> {
  try {
    await store.createRecord(branch);
    written.add(branch);
    return { stamp: 'written' };
  } catch (error) {
    return { stamp: 'failed', problem: messageOf(error) };
  }
}
