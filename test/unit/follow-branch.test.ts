import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { BranchView } from '../../shared/core/branch-view.ts';
import { createFollowBranch, type WakeSight } from '../../shared/flows/follow-branch.ts';
import type { WatchCluster } from '../../shared/ports.ts';
import { BRANCH } from '../fixtures/branches.ts';

const ref = `deployment/${BRANCH}` as const;
const NO_POD: BranchView = {
  service: 'with-endpoints',
  servingEndpoints: 0,
  workloads: [{ ref, replicas: 1, pods: [] }],
};
const WAITING = { state: 'waiting', step: 'pod' };
const REACHABLE = { state: 'reachable' };

/** A cluster whose watch says what the test says, and pauses that end at `reread`. */
function following() {
  const open = new Set<(serving: number) => void>();
  const pauses = new Set<() => void>();
  const timer: string[] = [];
  let views = 0;
  const cluster: WatchCluster = {
    viewBranch: async () => {
      views += 1;
      return NO_POD;
    },
    watchEndpoints: (_, onServing, signal) => {
      open.add(onServing);
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve());
      return promise.finally(() => open.delete(onServing));
    },
  };
  const pause = (_: number, signal: AbortSignal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    pauses.add(resolve);
    signal.addEventListener('abort', () => resolve());
    return promise;
  };
  const follow = createFollowBranch({
    cluster,
    pause,
    onWaiting: (branch) => timer.push(`waiting for ${branch}`),
    onReachable: (branch) => timer.push(`reached ${branch}`),
  });
  return {
    follow,
    timer,
    views: () => views,
    watches: () => open.size,
    serve: (serving: number) => {
      for (const onServing of open) onServing(serving);
    },
    reread: async () => {
      for (const end of pauses) end();
      await turn();
    },
  };
}

describe('followBranch', () => {
  test('a thousand who follow a branch share one watch, which ends with the last of them', async () => {
    const { follow, watches, views } = following();
    const leave = Array.from({ length: 1_000 }, () => follow(BRANCH, () => undefined));
    await turn();
    expect([watches(), views()]).toEqual([1, 1]);
    for (const unfollow of leave.slice(1)) unfollow();
    await turn();
    expect(watches()).toBe(1);
    leave[0]?.();
    await turn();
    expect(watches()).toBe(0);
  });

  test('who comes later is told at once what is known already', async () => {
    const { follow } = following();
    follow(BRANCH, () => undefined);
    await turn();
    const told: WakeSight[] = [];
    follow(BRANCH, (sight) => told.push(sight));
    expect(told.map(({ state }) => state)).toEqual([WAITING]);
  });

  test('the watch alone says that a branch is reachable, and no older reading takes that back', async () => {
    const { follow, serve, reread } = following();
    const told: WakeSight[] = [];
    follow(BRANCH, (sight) => told.push(sight));
    await turn();
    serve(1);
    await reread();
    serve(0);
    await reread();
    expect(told.map(({ state }) => state)).toEqual([WAITING, REACHABLE, REACHABLE, WAITING]);
  });

  test('the clock of a wake is started by who waits, whoever woke the branch, and stopped when it is reached', async () => {
    const { follow, timer, serve } = following();
    follow(BRANCH, () => undefined);
    await turn();
    serve(1);
    expect(timer).toEqual([`waiting for ${BRANCH}`, `reached ${BRANCH}`]);
  });
});
