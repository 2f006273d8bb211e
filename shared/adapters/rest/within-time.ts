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
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(message)), Math.max(1, timeoutMs));
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
