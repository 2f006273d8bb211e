import { expect, test } from 'vitest';
import { isCaught, judgeRun } from './judge-run.ts';
import type { RunReport } from './run-report.ts';

const WELL: RunReport = { tests: 3, failures: [], mishaps: [] };
const FAILED = { file: 'a.test.ts', test: 'a branch sleeps', message: 'AssertionError: expected 1 to be 0' };
const NONSENSE = { ...FAILED, message: 'ReferenceError: nobody is not defined' };

test('a test that fails has killed the mutant', () => {
  const verdict = judgeRun({ ...WELL, failures: [FAILED], mishaps: ['another file did not load'] });
  expect(verdict).toEqual({ verdict: 'killed', by: FAILED });
  expect(isCaught(verdict)).toBe(true);
});

test('a run without an end has caught the mutant', () => {
  expect(isCaught(judgeRun('timed-out'))).toBe(true);
});

test('a mutant with which every test passes survived', () => {
  expect(judgeRun(WELL)).toEqual({ verdict: 'survived' });
  expect(isCaught(judgeRun(WELL))).toBe(false);
});

test.each([
  ['no test ran', { ...WELL, tests: 0 }, 'no test ran'],
  ['a file does not load', { ...WELL, mishaps: ['Unexpected token'] }, 'Unexpected token'],
  ['the code is nonsense', { ...WELL, failures: [NONSENSE] }, NONSENSE.message],
])('a run proves nothing when %s', (_, report, problem) => {
  expect(judgeRun(report)).toEqual({ verdict: 'broken', problem });
  expect(isCaught(judgeRun(report))).toBe(false);
});
