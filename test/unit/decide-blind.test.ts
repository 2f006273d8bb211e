import { expect, test } from 'vitest';
import { decideBlind } from '../../shared/core/decide-blind.ts';
import { MINUTE, NOON, TIMING } from '../fixtures/branches.ts';

function sightOf(agesMs: Record<string, number>, expectedProxies = 1) {
  const heartbeats = Object.entries(agesMs).map(([proxy, ageMs]) => ({ proxy, lastBeatMs: NOON - ageMs }));
  return decideBlind(heartbeats, { timing: TIMING, expectedProxies }, NOON);
}

const blind = (reason: string) => expect.objectContaining({ sight: 'blind', reason });

test('decideBlind is blind when no proxy ever beat', () => {
  expect(sightOf({})).toEqual(blind('no-heartbeat'));
});

test('decideBlind sees until a heartbeat is more than 3 minutes old', () => {
  expect(sightOf({ a: 3 * MINUTE })).toEqual({ sight: 'clear' });
  expect(sightOf({ a: 3 * MINUTE + 1 })).toEqual(blind('no-heartbeat'));
});

test('decideBlind names a proxy that fell silent of late', () => {
  const sight = sightOf({ a: 0, b: 3 * MINUTE + 1 });
  expect(sight).toEqual(blind('proxy-silent'));
  expect(sight).toHaveProperty('explanation', 'no heartbeat of late from b');
});

test('decideBlind forgets a proxy that has been silent for more than 30 minutes', () => {
  expect(sightOf({ a: 0, b: 30 * MINUTE })).toEqual(blind('proxy-silent'));
  expect(sightOf({ a: 0, b: 30 * MINUTE + 1 })).toEqual({ sight: 'clear' });
});

test('decideBlind is blind when fewer proxies beat than are expected', () => {
  expect(sightOf({ a: 0 }, 2)).toEqual(blind('too-few-proxies'));
  expect(sightOf({ a: 0, b: 0 }, 2)).toEqual({ sight: 'clear' });
});
