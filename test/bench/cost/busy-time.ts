/** From when to when an instance had a request, in ms. */
export type Busy = { readonly fromMs: number; readonly toMs: number };

const BILLED_IN_MS = 100;

/**
 * What is billed of these times, in seconds: those that overlap once, each stretch rounded up to 100 ms.
 * Source: https://cloud.google.com/run/pricing
 */
export function billedSeconds(times: readonly Busy[]): number {
  const sorted = times.toSorted((one, other) => one.fromMs - other.fromMs);
  let billedMs = 0;
  let stretch: { fromMs: number; toMs: number } | undefined;
  for (const { fromMs, toMs } of sorted) {
    if (stretch !== undefined && fromMs <= stretch.toMs) {
      stretch.toMs = Math.max(stretch.toMs, toMs);
      continue;
    }
    billedMs += billed(stretch);
    stretch = { fromMs, toMs };
  }
  return (billedMs + billed(stretch)) / 1_000;
}

function billed(stretch: Busy | undefined): number {
  if (stretch === undefined) return 0;
  return Math.ceil((stretch.toMs - stretch.fromMs) / BILLED_IN_MS) * BILLED_IN_MS;
}
