/**
 * Every duration of the protocol, in ms. Production uses these figures; the demo divides them all by one factor,
 * so that nothing but the clock differs.
 */
export type Timing = {
  /** How many times as fast as a real clock this one runs; durations in annotations are divided by it. */
  readonly speed: number;
  /** Silence after which a branch may sleep, unless an annotation says otherwise. */
  readonly idleAfterMs: number;
  /** The shortest `idle-after` that is accepted. */
  readonly minIdleAfterMs: number;
  /** A visit counts as later than a claim when it is at most this much older: stamps do not order writes. */
  readonly visitSlackMs: number;
  /** A claim younger than this belongs to a sweep that is still at it. */
  readonly claimSettlesMs: number;
  /** From a claim on, the time in which its workloads must have been scaled to 0. */
  readonly claimDeadlineMs: number;
  /** Without a heartbeat for this long, touches may be lost on their way. */
  readonly heartbeatSilenceMs: number;
  /** A proxy that has been silent for longer than this is gone, not silent. */
  readonly heartbeatMemoryMs: number;
  /** How long a contested branch is left awake. */
  readonly contestedRestMs: number;
  /** How long background activity alone keeps a branch awake after the last ordinary request, unless an annotation says otherwise. */
  readonly backgroundMaxMs: number;
  /** How long a Job that runs keeps its branch awake. */
  readonly jobKeepsAwakeMs: number;
  /** From the start of one sweep to that of the next, at most: what is due before the next is due now. */
  readonly sweepEveryMs: number;
  /** A branch that nobody visited or deployed for longer is not woken by a window that it inherited. */
  readonly scheduledWakeWithinMs: number;
  /** For so long a deletion is announced, and for so long after a blind sweep nothing is deleted. */
  readonly deletionNoticeMs: number;
  /** At most one visit is written per branch and instance in this time. */
  readonly touchWriteEveryMs: number;
  /** How long an instance trusts that a branch is awake. */
  readonly awakeTrustedMs: number;
  /** How long an instance trusts that a branch does not exist. */
  readonly unknownTrustedMs: number;
  /** How long the store keeps the record of a branch that is gone. */
  readonly goneRecordKeptMs: number;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A claim must outlive one slow API call, however fast the clock runs. */
const MIN_CLAIM_DEADLINE_MS = 10 * SECOND;

/** What a team may set, in ms of a clock that is not sped up. */
export type TimingOptions = {
  readonly speed?: number;
  /** Default 5 minutes. */
  readonly sweepEveryMs?: number;
  /** Default 7 days. */
  readonly scheduledWakeWithinMs?: number;
  /** Default 12 hours. */
  readonly backgroundMaxMs?: number;
};

/** The protocol's durations, for a default `idle-after`, with the clock running `speed` times as fast. */
export function createTiming(idleAfterMs: number, options: TimingOptions = {}): Timing {
  const { speed = 1, sweepEveryMs = 5 * MINUTE, scheduledWakeWithinMs = 7 * DAY } = options;
  const { backgroundMaxMs = 12 * HOUR } = options;
  const fast = (ms: number) => ms / speed;
  return {
    speed,
    idleAfterMs: fast(idleAfterMs),
    minIdleAfterMs: fast(5 * MINUTE),
    visitSlackMs: fast(1 * MINUTE),
    claimSettlesMs: Math.max(fast(2 * MINUTE), MIN_CLAIM_DEADLINE_MS),
    claimDeadlineMs: Math.max(fast(30 * SECOND), MIN_CLAIM_DEADLINE_MS),
    heartbeatSilenceMs: fast(3 * MINUTE),
    heartbeatMemoryMs: fast(30 * MINUTE),
    contestedRestMs: fast(24 * HOUR),
    backgroundMaxMs: fast(backgroundMaxMs),
    jobKeepsAwakeMs: fast(6 * HOUR),
    sweepEveryMs: fast(sweepEveryMs),
    scheduledWakeWithinMs: fast(scheduledWakeWithinMs),
    deletionNoticeMs: fast(7 * DAY),
    touchWriteEveryMs: fast(10 * SECOND),
    awakeTrustedMs: fast(10 * SECOND),
    unknownTrustedMs: fast(30 * SECOND),
    goneRecordKeptMs: fast(30 * DAY),
  };
}
