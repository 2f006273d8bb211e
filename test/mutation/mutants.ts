import type { Mutant } from './mutant.ts';
import { BACKGROUND_MUTANTS } from './mutants/background.ts';
import { CLAIM_MUTANTS } from './mutants/claim.ts';
import { CLUSTER_MUTANTS } from './mutants/cluster.ts';
import { DELETION_MUTANTS } from './mutants/deletion.ts';
import { EDGE_MUTANTS } from './mutants/edge.ts';
import { HOLD_MUTANTS } from './mutants/hold.ts';
import { IDENTITY_MUTANTS } from './mutants/identity.ts';
import { POLICY_MUTANTS } from './mutants/policy.ts';
import { SCHEDULE_MUTANTS } from './mutants/schedule.ts';
import { SETTLE_MUTANTS } from './mutants/settle.ts';
import { STORE_MUTANTS } from './mutants/store.ts';
import { SWEEP_MUTANTS } from './mutants/sweep.ts';
import { TOUCH_MUTANTS } from './mutants/touch.ts';
import { WAKE_MUTANTS } from './mutants/wake.ts';

/** Every way in which we break the protocol on purpose: each must be caught by a test. */
export const MUTANTS: readonly Mutant[] = [
  ...CLAIM_MUTANTS,
  ...SETTLE_MUTANTS,
  ...SWEEP_MUTANTS,
  ...POLICY_MUTANTS,
  ...WAKE_MUTANTS,
  ...TOUCH_MUTANTS,
  ...HOLD_MUTANTS,
  ...CLUSTER_MUTANTS,
  ...STORE_MUTANTS,
  ...EDGE_MUTANTS,
  ...IDENTITY_MUTANTS,
  ...SCHEDULE_MUTANTS,
  ...BACKGROUND_MUTANTS,
  ...DELETION_MUTANTS,
];
