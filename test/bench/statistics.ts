/** What a measure says of its repetitions: the middle one, and the range in which half of them lie. */
export type Summary = { readonly n: number; readonly median: number; readonly spread: number };

/** Summarizes repetitions: their number, median and interquartile range, in the unit they are in. */
export function summarize(values: readonly number[]): Summary {
  return {
    n: values.length,
    median: median(values),
    spread: quantile(values, 0.75) - quantile(values, 0.25),
  };
}

/** NaN where there is no value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which `share` of the values lie, interpolated between neighbours; NaN where there is no value. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * The median of each repetition's own quotient: what disturbs the machine for a while disturbs both sides of a pair.
 * Repetitions without a counterpart do not count.
 */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  const pairs = ours.slice(0, theirs.length);
  return median(pairs.map((value, index) => value / (theirs[index] ?? Number.NaN)));
}
