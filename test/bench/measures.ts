import type { Measure } from './measure.ts';
import { coldStart } from './measures/p1-cold-start.ts';
import { holdOverhead } from './measures/p2-hold-overhead.ts';
import { warmPath } from './measures/p3-warm-path.ts';
import { touchesOfManyHosts } from './measures/p3b-touches.ts';
import { sweepOfManyBranches } from './measures/p4-sweep.ts';
import { crowdOfPosts } from './measures/p5-crowd.ts';
import { touchRate } from './measures/p6-touch-rate.ts';
import { monthlyCost } from './measures/p7-monthly-cost.ts';
import { growthOfSweep } from './measures/p8-growth-of-sweep.ts';
import { growthOfTouches } from './measures/p8b-known-branches.ts';

/** Everything that `npm run bench` measures, in this order. */
export const measures: readonly Measure[] = [
  coldStart,
  holdOverhead,
  warmPath,
  touchesOfManyHosts,
  sweepOfManyBranches,
  crowdOfPosts,
  touchRate,
  monthlyCost,
  growthOfSweep,
  growthOfTouches,
];
