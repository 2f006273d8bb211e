/** What an attempt ended with; no `status` when the network failed. */
export type FailedAttempt = {
  /** 0 for the first. */
  readonly attempt: number;
  readonly status?: number | undefined;
  readonly retryAfter?: string | undefined;
};

const MAX_ATTEMPTS = 5;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/**
 * How long to wait before the next attempt, full jitter, not before what `Retry-After` asks for; undefined if
 * another attempt would not help or there were enough of them.
 *
 * @param chance a random number in [0, 1)
 * @param nowMs epoch ms, for a `Retry-After` that is a date
 */
export function retryDelayMs(failed: FailedAttempt, chance: number, nowMs: number): number | undefined {
  if (failed.attempt + 1 >= MAX_ATTEMPTS) return undefined;
  if (failed.status !== undefined && !TRANSIENT_STATUSES.has(failed.status)) return undefined;
  const ceilingMs = Math.min(FIRST_DELAY_MS * 2 ** failed.attempt, LONGEST_DELAY_MS);
  return parseRetryAfterMs(failed.retryAfter, nowMs) + chance * ceilingMs;
}

/** Source: RFC 9110, 10.2.3: seconds or a date. One that cannot be read, or lies in the past, asks for nothing. */
function parseRetryAfterMs(retryAfter: string | undefined, nowMs: number): number {
  if (retryAfter === undefined) return 0;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const dateMs = Date.parse(retryAfter);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
