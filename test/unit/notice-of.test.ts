import { expect, test } from 'vitest';
import type { BranchDecision } from '../../shared/core/decide-branch.ts';
import { noticeOf } from '../../shared/core/notice-of.ts';
import type { BranchResult } from '../../shared/core/sweep-result.ts';
import { aWorkload, BRANCH, HOUR, NOON } from '../fixtures/branches.ts';

const DAY = 24 * HOUR;
const KEPT: BranchResult = { result: 'kept', reason: 'asleep' };

function tell(
  decision: BranchDecision,
  { result = KEPT, at = NOON }: { result?: BranchResult; at?: number } = {},
) {
  return noticeOf({ state: { branch: BRANCH, workloads: [aWorkload()] }, decision, result }, at);
}

test('noticeOf names a wrong annotation and what follows from it', () => {
  const problem = 'annotation dormouse/idle-after is "soon"';
  const notice = tell({ action: 'keep', reason: 'bad-annotation', problem });
  expect(notice?.reason).toBe('BadAnnotation');
  expect(notice?.message).toBe(`Dormouse keeps this branch awake: ${problem}`);
  expect(notice?.about).toEqual(expect.objectContaining({ name: BRANCH, uid: 'uid-1' }));
});

test('noticeOf tells of the third contest in a row, and not of the second', () => {
  const settle: BranchDecision = { action: 'settle', end: 'put-back' };
  const settled = (contested: number): BranchResult => ({ result: 'settled', end: 'put-back', contested });
  expect(tell(settle, { result: settled(2) })).toBeUndefined();
  expect(tell(settle, { result: settled(3) })?.reason).toBe('Contested');
  expect(tell({ action: 'keep', reason: 'contested' })?.reason).toBe('Contested');
});

test('noticeOf tells of a deletion when it is announced and once a day from then on', () => {
  const deleteAtMs = NOON + 7 * DAY;
  const pending: BranchDecision = { action: 'keep', reason: 'asleep', deleteAtMs };
  expect(tell({ action: 'announce-deletion', deleteAtMs })?.message).toContain('in 7 days');
  expect(tell(pending, { at: NOON + DAY - 1 })).toBeUndefined();
  expect(tell(pending, { at: NOON + DAY + 1 })?.message).toContain('in 6 days');
  expect(tell(pending, { at: NOON + DAY + HOUR })).toBeUndefined();
  expect(tell(pending, { at: NOON + 6 * DAY + 1 })?.message).toContain('in a day');
});

test('noticeOf says nothing of what is as it should be', () => {
  expect(tell({ action: 'keep', reason: 'asleep' })).toBeUndefined();
  expect(tell({ action: 'sleep', idleMs: HOUR })).toBeUndefined();
});
