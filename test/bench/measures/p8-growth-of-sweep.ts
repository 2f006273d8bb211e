import type { Figure, Measure } from '../measure.ts';
import { median, summarize } from '../statistics.ts';
import { type SweepWorld, startSweepWorld, type TimedSweep } from '../sweep/sweep-world.ts';

/** How many branches, and how often each size is swept: the less a sweep takes, the more it varies. */
const SIZES: readonly (readonly [branches: number, repetitions: number])[] = [
  [100, 5],
  [1_000, 5],
  [10_000, 3],
  [50_000, 1],
];
/** The smallest size whose time is not mostly that of beginning. */
const BASE = 1_000;
const GOAL = 1.2;
const WHAT =
  'growth of a sweep, time per branch of so many ÷ of 1,000 branches, ÷ the growth of its bare calls by a plain client';

type Size = { readonly branches: number; readonly ours: TimedSweep[]; readonly theirs: TimedSweep[] };

/**
 * P8, the sweep's half: what Dormouse adds to how the systems grow that it calls, which is 1 if its own work is linear. The
 * emulator and the embedded API server that it calls here are not: at 50,000 branches the bare calls alone take several times
 * as long for each branch as at 1,000.
 */
export const growthOfSweep: Measure = {
  id: 'P8',
  what: WHAT,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.adopt(await startSweepWorld(), (started) => started.stop());
    const sizes: Size[] = [];
    for (const [branches, repetitions] of SIZES) {
      await world.grow(branches);
      sizes.push(await sweepInTurn(world, branches, repetitions));
    }
    const base = sizes.find(({ branches }) => branches === BASE);
    return sizes
      .filter(({ branches }) => base !== undefined && branches > base.branches)
      .map((size) => toFigure(size, base ?? size));
  },
};

async function sweepInTurn(world: SweepWorld, branches: number, repetitions: number): Promise<Size> {
  const size: Size = { branches, ours: [], theirs: [] };
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    size.ours.push(await world.sweep());
    size.theirs.push(await world.plainSweep());
  }
  return size;
}

function toFigure(size: Size, base: Size): Figure {
  const growth = perBranchMs(size, size.ours) / perBranchMs(base, base.ours);
  const plainGrowth = perBranchMs(size, size.theirs) / perBranchMs(base, base.theirs);
  const ratio = growth / plainGrowth;
  return {
    id: `P8/${size.branches}`,
    what: WHAT,
    ratio,
    goal: GOAL,
    met: ratio <= GOAL,
    ...summarize(size.ours.map(({ ms }) => ms)),
    unit: 'ms',
    details: {
      growth,
      plainGrowth,
      msOf1000: median(base.ours.map(({ ms }) => ms)),
      plainMs: median(size.theirs.map(({ ms }) => ms)),
      peakRssMib: Math.max(...size.ours.map(({ peakRssMib }) => peakRssMib)),
    },
  };
}

function perBranchMs({ branches }: Size, sweeps: readonly TimedSweep[]): number {
  return median(sweeps.map(({ ms }) => ms)) / branches;
}
