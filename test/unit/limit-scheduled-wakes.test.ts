import { expect, test } from 'vitest';
import type { BranchDecision } from '../../shared/core/decide-branch.ts';
import { limitScheduledWakes, MAX_SCHEDULED_WAKES } from '../../shared/core/limit-scheduled-wakes.ts';
import { aRecord, stored } from '../fixtures/branches.ts';

const SCHEDULED: BranchDecision = { action: 'heal', reason: 'schedule' };

function due(branch: string, wakeMs: readonly number[], decision = SCHEDULED) {
  return { state: { branch, workloads: [], stored: stored(aRecord({ wakeMs })) }, decision };
}

const wokenOf = (planned: ReturnType<typeof limitScheduledWakes>) =>
  planned.flatMap(({ state, decision }) => (decision.action === 'heal' ? state.branch : []));

test('limitScheduledWakes lets as many wake as may', () => {
  const planned = Array.from({ length: MAX_SCHEDULED_WAKES }, (_, index) => due(`b${index}--g`, []));
  expect(limitScheduledWakes(planned)).toEqual(planned);
});

test('limitScheduledWakes puts off who starts fastest, in the order of the plan', () => {
  const slow = Array.from({ length: MAX_SCHEDULED_WAKES }, (_, index) =>
    due(`slow${index}--g`, [100, 9_000, 9_000]),
  );
  const planned = [due('fast--g', [9_000, 100, 100]), ...slow];
  const limited = limitScheduledWakes(planned);
  expect(wokenOf(limited)).toEqual(slow.map(({ state }) => state.branch));
  expect(limited[0]?.decision).toEqual({ action: 'keep', reason: 'asleep' });
});

test('limitScheduledWakes never puts off a visitor', () => {
  const visited = due('visited--g', [], { action: 'heal', reason: 'visited' });
  const many = Array.from({ length: 20 }, (_, index) => due(`b${index}--g`, [9_000]));
  expect(wokenOf(limitScheduledWakes([...many, visited]))).toContain('visited--g');
});
