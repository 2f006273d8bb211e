import { decideHold, type HoldLimits, type Visitor } from '../core/decide-hold.ts';
import { messageOf } from '../core/message-of.ts';
import type { FollowBranch, WakeSight } from './follow-branch.ts';
import type { Pause } from './pause.ts';
import type { Touch, TouchOutcome } from './touch.ts';

/** What nginx is told to do with a held request, and why. */
export type HoldOutcome = {
  readonly answer: 'awake' | 'page';
  readonly reason:
    | 'reachable'
    | 'no-such-branch'
    | 'busy'
    | 'opted-out'
    | 'background'
    | 'dry-run'
    | 'hopeless'
    | 'patience-over'
    | 'left';
  /** Of the touch that every hold is; undefined if Kubernetes could not be asked. */
  readonly touch?: TouchOutcome;
  readonly problem?: string;
};

export type HoldDependencies = {
  readonly touch: Touch;
  readonly follow: FollowBranch;
  readonly limits: HoldLimits;
  /** The instance's own clock, epoch ms. */
  readonly now: () => number;
  readonly pause: Pause;
};

/** One request that nginx holds. */
export type HeldRequest = {
  readonly branch: string;
  readonly visitor: Visitor;
  /** When it reached this instance, by the instance's clock: what is loaded for the first one counts as waiting. */
  readonly arrivedMs: number;
  /** Aborted when its client has gone. */
  readonly left: AbortSignal;
};

/** However long somebody has waited, the branch is looked at: it may be about to answer. */
const SHORTEST_LOOK_MS = 1_000;

/**
 * Creates the flow that keeps a request waiting until its branch is reachable. A hold is a touch too: it records
 * the visit and scales first, then waits, so that what it sees is newer than its own scaling. Waking fails open: when
 * Kubernetes cannot be asked it waits on, to the hold limit. Never rejects.
 */
export function createHold(dependencies: HoldDependencies): (held: HeldRequest) => Promise<HoldOutcome> {
  return async (held) => {
    const touched = await touchInTime(dependencies, held);
    if (touched === 'late') return { answer: 'page', reason: 'patience-over' };
    const vain = whyInVain(touched.touch);
    if (vain !== undefined) return { answer: 'page', reason: vain, ...touched };
    return { ...(await wait(dependencies, held)), ...touched };
  };
}

type Touched = Pick<HoldOutcome, 'touch' | 'problem'>;

/** Why nobody need wait for this branch. */
function whyInVain(touch: TouchOutcome | undefined): HoldOutcome['reason'] | undefined {
  if (touch?.outcome === 'no-such-branch' || touch?.outcome === 'busy') return touch.outcome;
  if (touch?.outcome === 'would-wake') return 'dry-run';
  if (touch?.outcome === 'left-asleep') return 'background';
  return touch?.outcome === 'opted-out' ? 'opted-out' : undefined;
}

/** A touch that takes longer than the visitor waits goes on by itself: its wake is for the next one. */
async function touchInTime(dependencies: HoldDependencies, held: HeldRequest): Promise<Touched | 'late'> {
  const { limits, pause } = dependencies;
  const waitedMs = waitedSoFarMs(dependencies, held);
  const pageInMs = held.visitor.isNavigation
    ? Math.max(limits.pageAfterMs - waitedMs, SHORTEST_LOOK_MS)
    : Number.POSITIVE_INFINITY;
  const patienceMs = Math.max(0, Math.min(pageInMs, limits.holdLimitMs - waitedMs));
  const done = new AbortController();
  const tooLate = pause(patienceMs, AbortSignal.any([done.signal, held.left])).then((): 'late' => 'late');
  // The pause is ended only when the race is over: ended by the touch itself, it could win.
  return Promise.race([touchOnce(dependencies, held), tooLate]).finally(() => done.abort());
}

async function touchOnce({ touch }: HoldDependencies, { branch, visitor }: HeldRequest): Promise<Touched> {
  try {
    return { touch: await touch(branch, { isHeld: true, isBackground: visitor.isBackground }) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

async function wait(dependencies: HoldDependencies, held: HeldRequest): Promise<HoldOutcome> {
  const { follow } = dependencies;
  const news = createNews();
  const unfollow = follow(held.branch, (sight) => {
    news.tell(sight);
    // Put to sleep again while somebody waits, or the first touch failed.
    if (isAsleep(sight)) void touchOnce(dependencies, held);
  });
  try {
    return await waitForNews(dependencies, { held, news });
  } finally {
    unfollow();
  }
}

type Waiting = { readonly held: HeldRequest; readonly news: News };

async function waitForNews(dependencies: HoldDependencies, { held, news }: Waiting): Promise<HoldOutcome> {
  const { limits, pause } = dependencies;
  const { visitor, left } = held;
  if (news.latest() === undefined) await news.next(pause, SHORTEST_LOOK_MS, left);
  while (!left.aborted) {
    const waitedMs = waitedSoFarMs(dependencies, held);
    const decision = decideHold({ ...visitor, waitedMs }, news.latest()?.state, limits);
    switch (decision.action) {
      case 'wait':
        await news.next(pause, decision.atMostMs, left);
        break;
      case 'awake':
        await pause(decision.afterMs, left);
        return { answer: 'awake', reason: 'reachable' };
      case 'page':
        return {
          answer: 'page',
          reason: news.latest()?.state.state === 'hopeless' ? 'hopeless' : 'patience-over',
        };
      default:
        decision satisfies never;
    }
  }
  return { answer: 'page', reason: 'left' };
}

/** In nginx, in all its rounds, and here. */
function waitedSoFarMs({ now }: HoldDependencies, { visitor, arrivedMs }: HeldRequest): number {
  return visitor.waitedMs + now() - arrivedMs;
}

function isAsleep({ state, view }: WakeSight): boolean {
  return state.state !== 'reachable' && view?.workloads[0]?.replicas === 0;
}

type News = {
  readonly tell: (sight: WakeSight) => void;
  readonly latest: () => WakeSight | undefined;
  /** Resolves at the next news, or when time is up or nobody waits any more. */
  readonly next: (pause: Pause, atMostMs: number, left: AbortSignal) => Promise<void>;
};

function createNews(): News {
  let latest: WakeSight | undefined;
  let arrived = new AbortController();
  return {
    tell: (sight) => {
      latest = sight;
      arrived.abort();
      arrived = new AbortController();
    },
    latest: () => latest,
    next: (pause, atMostMs, left) => pause(atMostMs, AbortSignal.any([arrived.signal, left])),
  };
}
