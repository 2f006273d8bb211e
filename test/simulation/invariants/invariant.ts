import type { History } from '../history.ts';

/** What must hold in every story, whatever order, fault or crash it tells of. */
export type Invariant = {
  readonly sentence: string;
  /** Where it does not hold, in sentences. */
  readonly violations: (history: History) => readonly string[];
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Kubernetes tells edits in whole seconds, the store may stamp a write a little before it is done. */
export const ALLOWED_SKEW_MS = 3 * SECOND;
/** A call that was planned by a record lands within this time: it ends after 10 s, or takes effect 60 s later. */
export const UNDER_WAY_MS = 2 * MINUTE;
/** An instance may stand still for this long, and go on. */
export const FROZEN_MS = 3 * MINUTE;
/** Cached and throttled touches of one branch blur its last visit by so much. */
export const BLUR_MS = 30 * SECOND;
