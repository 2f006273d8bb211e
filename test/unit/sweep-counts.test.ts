import { expect, test } from 'vitest';
import type { SweepSummary } from '../../shared/core/summarize-sweep.ts';
import { countsOf } from '../../shared/core/sweep-counts.ts';

test('countsOf keeps numbers and leaves out whatever could name a branch, known or not', () => {
  const summary = {
    dryRun: true,
    blind: { reason: 'no-heartbeat', explanation: 'proxy-1 is silent' },
    slept: 1,
    kept: { active: 2 },
    asleep: { branches: 1, pods: 2 },
    problems: [{ branch: 'a--g', problem: 'broken' }],
    decisions: [{ branch: 'a--g' }],
    goesOnAt: 'a--g',
    slowest: { branch: 'a--g', ms: 7 },
    none: null,
  } as unknown as SweepSummary;
  expect(countsOf(summary)).toEqual({
    dryRun: true,
    blind: true,
    slept: 1,
    kept: { active: 2 },
    asleep: { branches: 1, pods: 2 },
  });
});

test('countsOf says that a sweep could see', () => {
  expect(countsOf({ blind: false } as SweepSummary)).toEqual({ blind: false });
});
