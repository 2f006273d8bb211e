import { expect, test } from 'vitest';
import { isSweepUnwell, summarizeSweep } from '../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../shared/core/sweep-result.ts';

const CLEAR = { sight: 'clear', heardSinceMs: 0 } as const;

function kept(index: number): SweptBranch {
  const decision = { action: 'keep', reason: 'active' } as const;
  return { branch: `kept-${index}--g`, decision, result: { result: 'kept', reason: 'active' } };
}

function rehearsed(index: number): SweptBranch {
  const decision = { action: 'sleep', idleMs: 1 } as const;
  return { branch: `idle-${index}--g`, decision, result: { result: 'kept', reason: 'dry-run' } };
}

function many(count: number, create: (index: number) => SweptBranch): SweptBranch[] {
  return Array.from({ length: count }, (_, index) => create(index));
}

test('a dry run of 500 branches explains every decision', () => {
  const swept = [...many(250, kept), ...many(250, rehearsed)];
  const { decisions } = summarizeSweep(swept, { sight: CLEAR, durationMs: 1, isDryRun: true });
  expect(new Set(decisions)).toEqual(new Set(swept));
});

test('a dry run of more explains 500 and counts all, what would sleep before what is kept', () => {
  const swept = [...many(10_000, kept), ...many(300, rehearsed)];
  const summary = summarizeSweep(swept, { sight: CLEAR, durationMs: 1, isDryRun: true });
  expect(summary).toMatchObject({ branches: 10_300, kept: { active: 10_000, 'dry-run': 300 } });
  expect(summary.decisions?.slice(0, 300)).toEqual(many(300, rehearsed));
  expect(summary.decisions?.slice(300)).toEqual(many(200, kept));
});

test('a sweep that stopped is well as long as it got to some branch', () => {
  const stopped = (done: number) =>
    summarizeSweep([], {
      sight: CLEAR,
      durationMs: 1,
      isDryRun: false,
      stopped: { done, remaining: 9 },
    });
  expect(isSweepUnwell(stopped(1))).toBe(false);
  expect(isSweepUnwell(stopped(0))).toBe(true);
});
