import { createTiming } from '../../shared/core/timing.ts';
import { createSteps } from './steps.ts';
import type { Manifest } from './world/cluster-state.ts';
import { createWorld, type World, type WorldOptions } from './world/world.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
/** Tuesday, 12:00:00 UTC */
export const NOON = Date.UTC(2026, 10, 24, 12);
/** Idle after ten minutes. What lasts for hours, days or weeks lasts for minutes, or no story would come to its end. */
export const TIMING = {
  ...createTiming(10 * MINUTE),
  goneRecordKeptMs: 2 * MINUTE,
  backgroundMaxMs: 40 * MINUTE,
  jobKeepsAwakeMs: 30 * MINUTE,
  scheduledWakeWithinMs: 2 * HOUR,
  deletionNoticeMs: 30 * MINUTE,
};
/** The defaults of nginx and the function. */
export const LIMITS = { pageAfterMs: 1_500, holdLimitMs: 25 * SECOND };

/** One Deployment of two replicas. */
export const SOLO = 'solo--g';
/** A Deployment, a companion of three replicas, and one that a person keeps at 0. */
export const PAIR = 'pair--g';
/** A StatefulSet that wakes to what its annotation says. */
export const SET = 'set--g';

export const MANIFESTS: Readonly<Record<string, readonly Manifest[]>> = {
  [SOLO]: [{ kind: 'deployment', name: SOLO, replicas: 2 }],
  [PAIR]: [
    { kind: 'deployment', name: PAIR, replicas: 1 },
    { kind: 'deployment', name: 'pair-worker', branchLabel: PAIR, replicas: 3 },
    { kind: 'statefulset', name: 'pair-batch', branchLabel: PAIR, replicas: 0 },
  ],
  [SET]: [{ kind: 'statefulset', name: SET, replicas: 1, annotations: { 'dormouse/replicas': '4' } }],
};
/** Belongs to no branch. */
export const STRANGER: Manifest = { kind: 'deployment', name: 'database', replicas: 1 };

/** At noon, all branches up, none visited yet. */
export function aWorld(branches: readonly string[], options: Partial<WorldOptions> = {}): World {
  const manifests = [...branches.flatMap((branch) => MANIFESTS[branch] ?? []), STRANGER];
  return createWorld({ timing: TIMING, limits: LIMITS, startMs: NOON, manifests, ...options });
}

/** Eleven minutes after so many sweeps: one registers the branches, two put them to sleep. */
export async function aWorldAfter(
  sweeps: number,
  branches: readonly string[],
  options: Partial<WorldOptions> = {},
): Promise<World> {
  const world = aWorld(branches, options);
  const steps = createSteps(world);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    await steps.sweep();
    steps.pass(11 * MINUTE);
  }
  return world;
}
