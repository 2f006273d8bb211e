import { isAsleep, isPageHeeded, type WakeSurroundings } from '../core/branch.ts';
import { messageOf } from '../core/message-of.ts';
import { policyOf } from '../core/policy.ts';
import type { WokenMember } from '../core/sweep-result.ts';
import type { Timing } from '../core/timing.ts';
import type { VisitCluster, VisitStore } from '../ports.ts';
import { type Allowance, createAllowance } from './allowance.ts';
import type { KnownBranches } from './known-branches.ts';
import { type ReadMembers, readMembers } from './read-members.ts';
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
  /** Asleep, and not to be woken by a visit. */
  | { readonly outcome: 'opted-out'; readonly stamp: Stamp }
  /** Asleep, and only a page in the background asks for it, as it did for too long already. */
  | { readonly outcome: 'left-asleep'; readonly stamp: Stamp }
  | { readonly outcome: 'woken'; readonly stamp: Stamp; readonly woken: readonly WokenMember[] }
  | { readonly outcome: 'no-such-branch' }
  /** Too many hosts that nobody knows were asked for: this one is not looked up just now. */
  | { readonly outcome: 'busy' };

export type TouchDependencies = {
  readonly store: VisitStore;
  readonly cluster: VisitCluster;
  readonly known: KnownBranches;
  readonly readSurroundings: () => Promise<WakeSurroundings>;
  readonly timing: Timing;
  /** Record visits, scale nothing. */
  readonly isDryRun?: boolean;
  /** The instance's own clock, epoch ms: it times caches, nothing else. */
  readonly now: () => number;
};

export type TouchOptions = {
  /** The visitor found nobody home, so that what was known about the branch does not count. */
  readonly isHeld?: boolean;
  /** Nobody asked for anything: a page that is open did. */
  readonly isBackground?: boolean;
};

export type Touch = (branch: string, options?: TouchOptions) => Promise<TouchOutcome>;

type Touching = TouchDependencies & {
  readonly written: Recent;
  readonly writtenBackground: Recent;
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
    writtenBackground: createRecent({ forMs: timing.touchWriteEveryMs, now }),
    awake: createRecent({ forMs: timing.awakeTrustedMs, now }),
    unrecorded: createAllowance({ savedUp: UNRECORDED_SAVED_UP, perMinute: UNRECORDED_PER_MINUTE, now }),
    oneWake: createSingleFlight(),
  };
  const oneFlight = createSingleFlight<TouchOutcome>();
  return (branch, { isHeld = false, isBackground = false } = {}) => {
    const kind = { isHeld, isBackground };
    if (!isHeld && isFresh(touching, branch, kind)) return FRESH;
    return oneFlight(`${branch} ${isHeld} ${isBackground}`, () => touch(touching, branch, kind));
  };
}

/** One promise for all: functions-framework watches each, and most touches under load end here. */
const FRESH = Promise.resolve<TouchOutcome>({ outcome: 'awake', stamp: { stamp: 'throttled' } });

/** Written, and seen awake, moments ago: what `touch` would find, too. */
function isFresh(touching: Touching, branch: string, { isBackground }: Kind): boolean {
  const { known, written, writtenBackground, awake } = touching;
  const isWritten = (isBackground ? writtenBackground : written).has(branch);
  return isWritten && awake.has(branch) && !known.isMarkedUnknown(branch);
}

type Kind = Required<TouchOptions>;

async function touch(touching: Touching, branch: string, kind: Kind): Promise<TouchOutcome> {
  if (touching.known.isMarkedUnknown(branch)) return { outcome: 'no-such-branch' };
  const stamp = await (kind.isBackground ? stampBackground : stampVisit)(touching, branch);
  const found = stamp.stamp === 'missing' ? await touching.known.ask(branch) : 'known';
  if (found !== 'known') return { outcome: found === 'busy' ? 'busy' : 'no-such-branch' };
  const stamped = { stamp, ...kind };
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

type Stamped = Kind & { readonly stamp: Stamp };

async function touchKnown(touching: Touching, branch: string, stamped: Stamped): Promise<TouchOutcome> {
  const { stamp, isHeld, isBackground } = stamped;
  const isRecorded = stamp.stamp === 'written' || stamp.stamp === 'throttled';
  if (isRecorded && !isHeld && touching.awake.has(branch)) return { outcome: 'awake', stamp };
  const outcome = await look(touching, branch, stamped);
  // A page in the background may be about to keep nobody awake any more: what it saw is not to be trusted.
  if (isRecorded && !isBackground && outcome.outcome === 'awake') touching.awake.add(branch);
  return outcome;
}

function stampVisit({ store, written }: Touching, branch: string): Promise<Stamp> {
  return stampOnce(written, branch, () => store.stampVisit(branch));
}

function stampBackground({ store, writtenBackground }: Touching, branch: string): Promise<Stamp> {
  return stampOnce(writtenBackground, branch, () => store.stampBackground(branch));
}

async function stampOnce(
  written: Recent,
  branch: string,
  write: () => Promise<'stamped' | 'missing'>,
): Promise<Stamp> {
  if (written.has(branch)) return { stamp: 'throttled' };
  try {
    if ((await write()) === 'missing') return { stamp: 'missing' };
    written.add(branch);
    return { stamp: 'written' };
  } catch (error) {
    return { stamp: 'failed', problem: messageOf(error) };
  }
}

async function look(touching: Touching, branch: string, stamped: Stamped): Promise<TouchOutcome> {
  const { known } = touching;
  const { members, record } = await readMembers(touching, branch);
  if (members.length === 0) {
    known.markUnknown(branch);
    return { outcome: 'no-such-branch' };
  }
  known.markKnown(branch);
  const { stamp } = stamped;
  if (stamp.stamp === 'missing')
    return look(touching, branch, { ...stamped, stamp: await createRecord(touching, branch) });
  if (!isAsleep(members)) return { outcome: 'awake', stamp };
  return wake(touching, { branch, members, record }, stamped);
}

type Asleep = ReadMembers & { readonly branch: string };

/** Only what sleeps is worth asking what its namespace says and within which bounds it wakes. */
async function wake(
  touching: Touching,
  { branch, members, record }: Asleep,
  stamped: Stamped,
): Promise<TouchOutcome> {
  const { cluster, timing, isDryRun = false } = touching;
  const { stamp, isBackground } = stamped;
  const surroundings = await touching.readSurroundings();
  const policy = policyOf(branch, members, { timing, inherited: surroundings.inherited });
  if (!policy.isEnabled) return { outcome: 'opted-out', stamp };
  if (isBackground && !isPageHeeded(record, policy.backgroundMaxMs)) return { outcome: 'left-asleep', stamp };
  if (isDryRun) return { outcome: 'would-wake', stamp };
  const sleepers = { members, record, surroundings };
  const woken = await touching.oneWake(branch, () => wakeMembers(cluster, sleepers));
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
