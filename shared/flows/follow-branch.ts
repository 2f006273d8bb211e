import type { BranchView } from '../core/branch-view.ts';
import { judgeWake, type WakeState } from '../core/judge-wake.ts';
import { messageOf } from '../core/message-of.ts';
import type { WatchCluster } from '../ports.ts';
import type { Pause } from './pause.ts';

/** What is known of a waking branch at one moment. */
export type WakeSight = {
  readonly state: WakeState;
  /** Absent until Kubernetes was read once. */
  readonly view?: BranchView;
};

export type FollowDependencies = {
  readonly cluster: WatchCluster;
  readonly pause: Pause;
  /** Told whenever a branch that somebody follows is not reachable yet, and whenever it is. */
  readonly onWaiting?: (branch: string) => void;
  readonly onReachable?: (branch: string) => void;
  /** Told when Kubernetes cannot be asked about a branch: once, not at each try. */
  readonly onProblem?: (branch: string, problem: string) => void;
};

/**
 * Tells `listener` how far a branch has come: at once if that is known, and at each change, until the returned
 * function is called. However many listen, an instance has one watch per branch.
 */
export type FollowBranch = (branch: string, listener: (sight: WakeSight) => void) => () => void;

type Following = {
  readonly branch: string;
  readonly listeners: Set<(sight: WakeSight) => void>;
  readonly ended: AbortController;
  readonly tellTimer: (isReachable: boolean) => void;
  readonly complain: (error: unknown) => void;
  latest?: WakeSight;
  /** How often the watch spoke. */
  words: number;
  /** What it said last. */
  isServing: boolean;
};

/** A watch may fall silent, and says nothing of pods: everything is read anew this often beside it. */
const REREAD_EVERY_MS = 2_000;
const REWATCH_AFTER_MS = 1_000;
const REACHABLE = { state: 'reachable' } as const;

export function createFollowBranch(dependencies: FollowDependencies): FollowBranch {
  const followed = new Map<string, Following>();
  return (branch, listener) => {
    const following = followed.get(branch) ?? start(dependencies, followed, branch);
    following.listeners.add(listener);
    if (following.latest !== undefined) listener(following.latest);
    return () => {
      following.listeners.delete(listener);
      if (following.listeners.size > 0) return;
      following.ended.abort();
      if (followed.get(branch) === following) followed.delete(branch);
    };
  };
}

function start(
  dependencies: FollowDependencies,
  followed: Map<string, Following>,
  branch: string,
): Following {
  const following: Following = {
    branch,
    listeners: new Set(),
    ended: new AbortController(),
    tellTimer: (isReachable) => dependencies[isReachable ? 'onReachable' : 'onWaiting']?.(branch),
    complain: createComplaint(dependencies, branch),
    words: 0,
    isServing: false,
  };
  followed.set(branch, following);
  void reread(dependencies, following);
  void rewatch(dependencies, following);
  return following;
}

async function reread({ cluster, pause }: FollowDependencies, following: Following): Promise<void> {
  const { branch, ended } = following;
  while (!ended.signal.aborted) {
    const { words } = following;
    try {
      const view = await cluster.viewBranch(branch);
      // What the watch said during the reading is newer than the reading; what it said before is not.
      const isOutdated = following.words !== words && following.isServing;
      tell(following, { state: isOutdated ? REACHABLE : judgeWake(branch, view), view });
    } catch (error) {
      following.complain(error); // who waits goes on waiting, up to the hold limit
    }
    await pause(REREAD_EVERY_MS, ended.signal);
  }
}

/** The watch alone tells at once that the branch is reachable; how it gets there can wait for the next reading. */
async function rewatch({ cluster, pause }: FollowDependencies, following: Following): Promise<void> {
  const { branch, ended } = following;
  const onServing = (servingEndpoints: number) => {
    following.words += 1;
    following.isServing = servingEndpoints > 0;
    if (following.isServing) tell(following, { ...following.latest, state: REACHABLE });
  };
  while (!ended.signal.aborted) {
    await cluster.watchEndpoints(branch, onServing, ended.signal).catch(following.complain);
    following.isServing = false;
    await pause(REWATCH_AFTER_MS, ended.signal);
  }
}

function createComplaint({ onProblem }: FollowDependencies, branch: string): (error: unknown) => void {
  let isTold = false;
  return (error) => {
    if (!isTold) onProblem?.(branch, messageOf(error));
    isTold = true;
  };
}

function tell(following: Following, sight: WakeSight): void {
  if (following.ended.signal.aborted) return;
  following.latest = sight;
  following.tellTimer(sight.state.state === 'reachable');
  for (const listener of [...following.listeners]) listener(sight);
}
