import type { BranchRecord } from '../../../shared/core/branch-record.ts';
import { isKeepAwakeOpen } from '../../../shared/core/keep-awake.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import type { Branch, History } from '../history.ts';
import { UNDER_WAY_MS } from './invariant.ts';

const CONTESTED_LIMIT = 3;

export function protectionsOf(
  { timing }: History,
  { branch, workloads }: Branch,
  atMs: number,
): readonly string[] {
  const { isEnabled, idleAfterMs, keepAwake, problems } = policyOf(branch, workloads, timing);
  const isOpen = [atMs - UNDER_WAY_MS, atMs].every(
    (ms) => keepAwake !== undefined && isKeepAwakeOpen(keepAwake, ms),
  );
  return [
    ...(isEnabled ? [] : ['opted out']),
    ...(idleAfterMs === Number.POSITIVE_INFINITY ? ['never idle'] : []),
    ...problems,
    ...(isOpen ? ['kept awake'] : []),
    ...(workloads.some(({ isRolloutUnfinished }) => isRolloutUnfinished) ? ['in an unfinished rollout'] : []),
  ];
}

export function recordProtections(
  { timing }: History,
  record: BranchRecord,
  atMs: number,
): readonly string[] {
  const isResting = atMs - record.lastAccessMs < timing.contestedRestMs;
  return [
    ...((record.pinnedUntilMs ?? 0) > atMs ? ['pinned'] : []),
    ...((record.contested ?? 0) >= CONTESTED_LIMIT && isResting ? ['contested'] : []),
    ...(record.offSinceMs === undefined ? [] : ['off by hand']),
  ];
}
