/** How long a branch usually takes: the median of its last wakes. Undefined while there are none. */
export function usualWakeMs(wakeMs: readonly number[]): number | undefined {
  const sorted = wakeMs.filter((ms) => Number.isFinite(ms) && ms >= 0).sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}
