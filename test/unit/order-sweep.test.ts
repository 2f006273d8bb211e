import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BranchDecision } from '../../shared/core/decide-branch.ts';
import { orderSweep } from '../../shared/core/order-sweep.ts';

const DECISIONS = {
  heal: { action: 'heal', reason: 'visited' },
  settle: { action: 'settle', end: 'visited' },
  'note-off': { action: 'note-off' },
  register: { action: 'register' },
  sleep: { action: 'sleep', idleMs: 1 },
} as const satisfies Record<string, BranchDecision>;

type Action = keyof typeof DECISIONS;

function plan(branch: string, action: Action = 'sleep') {
  return { state: { branch }, decision: DECISIONS[action] };
}

function namesOf(work: readonly ReturnType<typeof plan>[], resumeAfter?: string): string[] {
  return orderSweep(work, resumeAfter).map(({ state }) => state.branch);
}

test('orderSweep puts visited branches before notes, and notes before those that fall asleep', () => {
  const work = [
    plan('a', 'sleep'),
    plan('b', 'note-off'),
    plan('c', 'heal'),
    plan('d', 'register'),
    plan('e', 'settle'),
  ];
  expect(namesOf(work)).toEqual(['c', 'e', 'b', 'd', 'a']);
});

test('orderSweep begins after the place where the last sweep stopped, and comes round to it at the end', () => {
  const work = ['d', 'a', 'c', 'b'].map((name) => plan(name));
  expect(namesOf(work, 'b')).toEqual(['c', 'd', 'a', 'b']);
});

test('orderSweep goes on where a branch was that is gone, and at the start after the last of them', () => {
  const work = ['a', 'c', 'd'].map((name) => plan(name));
  expect(namesOf(work, 'b')).toEqual(['c', 'd', 'a']);
  expect(namesOf(work, 'd')).toEqual(['a', 'c', 'd']);
});

test('orderSweep has visited branches first wherever the last sweep stopped', () => {
  expect(namesOf([plan('a', 'heal'), plan('b', 'sleep'), plan('c', 'heal')], 'b')).toEqual(['c', 'a', 'b']);
});

test('orderSweep leaves nothing out and adds nothing, whatever the place', () => {
  const anyAction = fc.constantFrom(...(Object.keys(DECISIONS) as Action[]));
  const anyWork = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), anyAction), {
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(anyWork, fc.option(fc.string(), { nil: undefined }), (pairs, resumeAfter) => {
      const work = pairs.map(([name, action]) => plan(name, action));
      expect(new Set(orderSweep(work, resumeAfter))).toEqual(new Set(work));
      expect(orderSweep(work, resumeAfter)).toHaveLength(work.length);
    }),
  );
});
