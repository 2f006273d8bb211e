import type { SweepSummary } from './summarize-sweep.ts';

/** A summary's numbers, without a word that could name a branch or a proxy. */
export type SweepCounts = Readonly<Record<string, number | boolean | Readonly<Record<string, number>>>>;

/** Leaves out everything that is not a number, a yes or no, or a table of numbers: what is added later, too. */
export function countsOf(summary: SweepSummary): SweepCounts {
  const plain = Object.entries({ ...summary, blind: summary.blind !== false });
  return Object.fromEntries(
    plain.filter((entry): entry is [string, SweepCounts[string]] => isCount(entry[1])),
  );
}

function isCount(value: unknown): value is SweepCounts[string] {
  if (typeof value === 'number' || typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => typeof each === 'number');
}
