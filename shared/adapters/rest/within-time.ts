import { setTimeout as delay } from 'node:timers/promises';

/**
 * Stops waiting when the time is over; the work itself goes on, unheard.
 *
 * @throws Error that says `message`
 */
export async function withinTime<Value>(
  work: Promise<Value>,
  timeoutMs: number,
  message: string,
): Promise<Value> {
  const stop = new AbortController();
  const tooLate = delay(Math.max(1, timeoutMs), undefined, { signal: stop.signal }).then(() => {
    throw new Error(message);
  });
  tooLate.catch(() => {}); // stopping the timer rejects it
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    stop.abort();
  }
}
