import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { BranchView } from '../../shared/core/branch-view.ts';
import { createFollowBranch, type WakeSight } from '../../shared/flows/follow-branch.ts';
import { ClusterError, type WatchCluster } from '../../shared/ports.ts';
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
  const readings: (() => void)[] = [];
  let isSlow = false;
  let isBroken = false;
  const problems: string[] = [];
  let views = 0;
  const cluster: WatchCluster = {
    viewBranch: async () => {
      views += 1;
      if (isBroken) throw new ClusterError('forbidden');
      if (isSlow) await new Promise<void>((resolve) => readings.push(resolve));
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
    onProblem: (branch, problem) => problems.push(`${branch}: ${problem}`),
  });
  return {
    follow,
    timer,
    problems,
    breakDown: () => {
      isBroken = true;
    },
    views: () => views,
    watches: () => open.size,
    serve: (serving: number) => {
      for (const onServing of open) onServing(serving);
    },
    /** From now on a reading ends only when `endReadings` says so. */
    slowDown: () => {
      isSlow = true;
    },
    endReadings: async () => {
      for (const end of readings.splice(0)) end();
      await turn();
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

  test('a reading that began before the watch spoke does not take back what it said', async () => {
    const { follow, serve, slowDown, reread, endReadings } = following();
    const told: WakeSight[] = [];
    follow(BRANCH, (sight) => told.push(sight));
    await turn();
    slowDown();
    await reread();
    serve(1);
    await endReadings();
    expect(told.map(({ state }) => state)).toEqual([WAITING, REACHABLE, REACHABLE]);
  });

  test('a reading that began later is believed more than a watch that fell silent', async () => {
    const { follow, serve, reread } = following();
    const told: WakeSight[] = [];
    follow(BRANCH, (sight) => told.push(sight));
    await turn();
    serve(1);
    await reread();
    expect(told.map(({ state }) => state)).toEqual([WAITING, REACHABLE, WAITING]);
  });

  test('a problem with Kubernetes is told once, not at each try', async () => {
    const { follow, breakDown, problems, reread } = following();
    breakDown();
    follow(BRANCH, () => undefined);
    await turn();
    await reread();
    expect(problems).toEqual([`${BRANCH}: forbidden`]);
  });

  test('the clock of a wake is started by who waits, whoever woke the branch, and stopped when it is reached', async () => {
    const { follow, timer, serve } = following();
    follow(BRANCH, () => undefined);
    await turn();
    serve(1);
    expect(timer).toEqual([`waiting for ${BRANCH}`, `reached ${BRANCH}`]);
  });
});
