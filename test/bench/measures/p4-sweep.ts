import type { Measure } from '../measure.ts';
import { median, medianRatio, summarize } from '../statistics.ts';
import { startSweepWorld, type TimedSweep } from '../sweep/sweep-world.ts';

const BRANCHES = 10_000;
const REPETITIONS = 5;
const GOAL = 1.3;
const MEMORY_GOAL_MIB = 256;
const WHAT = 'sweep of 10,000 branches, 500 fall asleep ÷ the bare calls that it cannot avoid, plain client';
const MEMORY_WHAT = 'memory of that sweep at its peak, in MiB';

/** P4: the packaged function and a plain client sweep the same namespace in turn, each in a process of its own. */
export const sweepOfManyBranches: Measure = {
  id: 'P4',
  what: WHAT,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.adopt(await startSweepWorld(), (started) => started.stop());
    await world.grow(BRANCHES);
    const ours: TimedSweep[] = [];
    const theirs: TimedSweep[] = [];
    await world.plainSweep(); // warms up what both sides ask, and does not count
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      ours.push(await world.sweep());
      theirs.push(await world.plainSweep());
    }
    const times = (sweeps: readonly TimedSweep[]) => sweeps.map(({ ms }) => ms);
    const peaks = (sweeps: readonly TimedSweep[]) => sweeps.map(({ peakRssMib }) => peakRssMib);
    const ratio = medianRatio(times(ours), times(theirs));
    const peakRssMib = Math.max(...peaks(ours));
    return [
      {
        id: 'P4',
        what: WHAT,
        ratio,
        goal: GOAL,
        met: ratio <= GOAL,
        ...summarize(times(ours)),
        unit: 'ms',
        details: { plainMs: median(times(theirs)) },
      },
      {
        id: 'P4m',
        what: MEMORY_WHAT,
        ratio: peakRssMib,
        goal: MEMORY_GOAL_MIB,
        met: peakRssMib <= MEMORY_GOAL_MIB,
        ...summarize(peaks(ours)),
        unit: 'MiB',
        details: { plainPeakRssMib: Math.max(...peaks(theirs)) },
      },
    ];
  },
};
