import type { Rules } from '../core/decide-branch.ts';
import type { BranchStore, Cluster } from '../ports.ts';
import type { Surroundings } from './read-surroundings.ts';

/** What every step of a sweep needs. */
export type SweepContext = {
  readonly store: BranchStore;
  readonly cluster: Cluster;
  readonly rules: Rules;
  readonly surroundings: Surroundings;
  /** The instance's own clock, epoch ms: it times the sweep itself. What is idle is told by the store's clock. */
  readonly now: () => number;
};
