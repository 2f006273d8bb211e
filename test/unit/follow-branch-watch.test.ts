import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createFollowBranch, type WakeSight } from '../../shared/flows/follow-branch.ts';
import { ClusterError, type WatchCluster } from '../../shared/ports.ts';
import { BRANCH } from '../fixtures/branches.ts';

const MAX_TURNS = 100;

/** Follows a branch whose first watch ends so, and whose second one says that it serves; nothing is ever read. */
async function followAfter(firstEnd: () => Promise<void>): Promise<readonly WakeSight[]> {
  let watches = 0;
  const cluster: WatchCluster = {
    viewBranch: () => new Promise(() => undefined),
    watchEndpoints: async (_, onServing, signal) => {
      watches += 1;
      if (watches === 1) return firstEnd();
      onServing(1);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  const told: WakeSight[] = [];
  const follow = createFollowBranch({ cluster, pause: async () => void (await turn()) });
  onTestFinished(follow(BRANCH, (sight) => told.push(sight)));
  for (let turns = 0; turns < MAX_TURNS && told.length === 0; turns += 1) await turn();
  return told;
}

test('a watch that ended is opened again', async () => {
  const told = await followAfter(() => Promise.resolve());
  expect(told).toEqual([{ state: { state: 'reachable' } }]);
});

test('a watch that was refused is opened again', async () => {
  const told = await followAfter(() => Promise.reject(new ClusterError('too many requests')));
  expect(told).toEqual([{ state: { state: 'reachable' } }]);
});
