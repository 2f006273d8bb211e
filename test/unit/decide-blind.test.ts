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
  expect(sightOf({ a: 3 * MINUTE })).toEqual({ sight: 'clear', heardSinceMs: 0 });
  expect(sightOf({ a: 3 * MINUTE + 1 })).toEqual(blind('no-heartbeat'));
});

test('decideBlind names a proxy that fell silent of late', () => {
  const sight = sightOf({ a: 0, b: 3 * MINUTE + 1 });
  expect(sight).toEqual(blind('proxy-silent'));
  expect(sight).toHaveProperty('explanation', 'no heartbeat of late from b');
});

test('decideBlind forgets a proxy that has been silent for more than 30 minutes', () => {
  expect(sightOf({ a: 0, b: 30 * MINUTE })).toEqual(blind('proxy-silent'));
  expect(sightOf({ a: 0, b: 30 * MINUTE + 1 })).toEqual({ sight: 'clear', heardSinceMs: 0 });
});

test('decideBlind is blind when fewer proxies beat than are expected', () => {
  expect(sightOf({ a: 0 }, 2)).toEqual(blind('too-few-proxies'));
  expect(sightOf({ a: 0, b: 0 }, 2)).toEqual({ sight: 'clear', heardSinceMs: 0 });
});

test('decideBlind tells since when every visit was heard of: since the last proxy came back', () => {
  const heartbeats = [
    { proxy: 'a', lastBeatMs: NOON, resumedMs: NOON - 9 * MINUTE },
    { proxy: 'b', lastBeatMs: NOON, resumedMs: NOON - 5 * MINUTE },
    { proxy: 'c', lastBeatMs: NOON },
  ];
  const sight = decideBlind(heartbeats, { timing: TIMING, expectedProxies: 1 }, NOON);
  expect(sight).toEqual({ sight: 'clear', heardSinceMs: NOON - 5 * MINUTE });
});
