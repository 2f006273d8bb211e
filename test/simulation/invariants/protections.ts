import type { BranchRecord } from '../../../shared/core/branch-record.ts';
import type { RunningJob } from '../../../shared/core/decide-branch.ts';
import { isKeepAwakeNear } from '../../../shared/core/keep-awake.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import type { Branch, History } from '../history.ts';
import { UNDER_WAY_MS } from './invariant.ts';
import type { Survey } from './surveys.ts';

const CONTESTED_LIMIT = 3;

export function protectionsOf(
  { timing }: History,
  { branch, workloads }: Branch,
  { atMs, survey }: { atMs: number; survey: Pick<Survey, 'inherited' | 'jobs'> },
): readonly string[] {
  const { inherited, jobs } = survey;
  const { isEnabled, idleAfterMs, keepAwake, problems } = policyOf(branch, workloads, { timing, inherited });
  const isOpen = [atMs - UNDER_WAY_MS, atMs].every(
    (ms) => keepAwake !== undefined && isKeepAwakeNear(keepAwake.hours, timing.sweepEveryMs, ms),
  );
  const isAtWork = ({ startedMs }: RunningJob) => atMs - startedMs < timing.jobKeepsAwakeMs;
  return [
    ...(isEnabled ? [] : ['opted out']),
    ...(idleAfterMs === Number.POSITIVE_INFINITY ? ['never idle'] : []),
    ...problems,
    ...(isOpen ? ['kept awake'] : []),
    ...(jobs.get(branch)?.some(isAtWork) ? ['at work'] : []),
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
