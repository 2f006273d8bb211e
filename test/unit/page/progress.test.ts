import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WakeSight } from '../../../shared/flows/follow-branch.ts';
import { toProgress } from '../../../shared/page/progress.ts';

function sightOf(state: WakeSight['state'], changeCause?: string): WakeSight {
  const view = { service: 'with-endpoints', servingEndpoints: 0, workloads: [] } as const;
  return changeCause === undefined ? { state } : { state, view: { ...view, changeCause } };
}

test('toProgress tells the step, its detail and the change-cause of a branch that is waited for', () => {
  const sight = sightOf({ state: 'waiting', step: 'node', detail: 'Insufficient cpu' }, 'deploy 1');
  const told = { state: 'waiting', step: 'node', detail: 'Insufficient cpu', changeCause: 'deploy 1' };
  expect(toProgress(sight)).toEqual(told);
});

test('toProgress leaves out what is not known', () => {
  expect(toProgress(sightOf({ state: 'waiting', step: 'pod' }))).toEqual({ state: 'waiting', step: 'pod' });
  expect(toProgress(sightOf({ state: 'reachable' }))).toEqual({ state: 'reachable' });
});

test('toProgress cuts texts of more than 500 characters, and leaves those of 500', () => {
  const detailOf = (length: number) => {
    const texts = { detail: 'x'.repeat(length), look: 'kubectl' };
    const told = toProgress(sightOf({ state: 'hopeless', reason: 'image', ...texts }));
    return told.state === 'hopeless' ? told.detail : '';
  };
  expect(detailOf(500)).toBe('x'.repeat(500));
  expect(detailOf(501)).toBe(`${'x'.repeat(499)}…`);
});

test('toProgress tells whole characters only, whatever Kubernetes says', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('😀', '\ud83d', 'a'), minLength: 200 }), (cause) => {
      const { changeCause = '' } = toProgress(sightOf({ state: 'reachable' }, cause));
      expect(changeCause.isWellFormed()).toBe(true);
      expect(changeCause.length).toBeLessThanOrEqual(200);
    }),
  );
});
