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

/** The protocol's durations, for a default `idle-after`, with the clock running `speed` times as fast. */
export function createTiming(idleAfterMs: number, speed = 1): Timing {
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
    touchWriteEveryMs: fast(10 * SECOND),
    awakeTrustedMs: fast(10 * SECOND),
    unknownTrustedMs: fast(30 * SECOND),
    goneRecordKeptMs: fast(30 * DAY),
  };
}
