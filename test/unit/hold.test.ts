import { describe, expect, test } from 'vitest';
import type { BranchView } from '../../shared/core/branch-view.ts';
import type { Visitor } from '../../shared/core/decide-hold.ts';
import { decideHold } from '../../shared/core/decide-hold.ts';
import type { WakeState } from '../../shared/core/judge-wake.ts';
import { createHold } from '../../shared/flows/hold.ts';
import type { Pause } from '../../shared/flows/pause.ts';
import type { TouchOutcome } from '../../shared/flows/touch.ts';
import { BRANCH } from '../fixtures/branches.ts';

const LIMITS = { pageAfterMs: 1_500, holdLimitMs: 25_000 };
const REACHABLE: WakeState = { state: 'reachable' };
const WAITING: WakeState = { state: 'waiting', step: 'image' };
const HOPELESS: WakeState = { state: 'hopeless', reason: 'image', detail: 'not found', look: 'kubectl' };
const caller: Visitor = { isNavigation: false, isBackground: false, tries: 0, rounds: 0, waitedMs: 0 };
const person: Visitor = { ...caller, isNavigation: true };

describe('decideHold', () => {
  test('decideHold holds a person for 1.5 s, and shows the page from then on', () => {
    expect(decideHold({ ...person, waitedMs: 1_499 }, WAITING, LIMITS)).toEqual({
      action: 'wait',
      atMostMs: 1,
    });
    expect(decideHold({ ...person, waitedMs: 1_500 }, WAITING, LIMITS)).toEqual({ action: 'page' });
  });

  test('decideHold holds everybody else to the hold limit, counted from the arrival', () => {
    expect(decideHold({ ...caller, waitedMs: 24_999 }, undefined, LIMITS)).toEqual({
      action: 'wait',
      atMostMs: 1,
    });
    expect(decideHold({ ...caller, waitedMs: 25_000 }, undefined, LIMITS)).toEqual({ action: 'page' });
  });

  test('decideHold answers at once when the branch cannot start', () => {
    expect(decideHold(caller, HOPELESS, LIMITS)).toEqual({ action: 'page' });
  });

  test('decideHold tries a reachable branch with ever longer pauses, over rounds too', () => {
    const delays = (visitors: Partial<Visitor>[]) =>
      visitors.map((visitor) => decideHold({ ...caller, ...visitor }, REACHABLE, LIMITS));
    const pauses = [0, 250, 500, 1_000, 2_000, 2_000].map((afterMs) => ({ action: 'awake', afterMs }));
    expect(delays([0, 1, 2, 3, 4, 5].map((tries) => ({ tries })))).toEqual(pauses);
    expect(delays([{ rounds: 3 }, { rounds: 3, tries: 1 }])).toEqual(pauses.slice(3, 5));
  });

  test('decideHold tries a reachable branch for a person too, beyond 1.5 s and not beyond the hold limit', () => {
    expect(decideHold({ ...person, waitedMs: 24_999 }, REACHABLE, LIMITS)).toEqual({
      action: 'awake',
      afterMs: 0,
    });
    expect(decideHold({ ...person, waitedMs: 25_000 }, REACHABLE, LIMITS)).toEqual({ action: 'page' });
    expect(decideHold({ ...caller, tries: 4, waitedMs: 23_000 }, REACHABLE, LIMITS)).toEqual({
      action: 'page',
    });
  });
});

type Tell = (state: WakeState, view?: BranchView) => void;

/** A hold on a virtual clock: pauses end when `passMs` says so, or when their signal does. */
function holding(touches: TouchOutcome[] | Error | Promise<never>) {
  const clock = { nowMs: 0 };
  const pauses = new Set<{ endsMs: number; end: () => void }>();
  let touched = 0;
  let tell: Tell = () => {};
  let followers = 0;
  const pause: Pause = (ms, signal) => {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry = { endsMs: clock.nowMs + ms, end: resolve };
    pauses.add(entry);
    signal.addEventListener('abort', () => resolve());
    return promise.finally(() => pauses.delete(entry));
  };
  const hold = createHold({
    touch: async () => {
      touched += 1;
      if (touches instanceof Error) throw touches;
      if (touches instanceof Promise) return touches;
      return touches[Math.min(touched, touches.length) - 1] as TouchOutcome;
    },
    follow: (_, listener) => {
      followers += 1;
      tell = (state, view) => listener(view === undefined ? { state } : { state, view });
      return () => {
        followers -= 1;
      };
    },
    limits: LIMITS,
    now: () => clock.nowMs,
    pause,
  });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    hold: (visitor: Visitor, left = new AbortController().signal, arrivedMs = 0) =>
      hold({ branch: BRANCH, visitor, arrivedMs, left }),
    tell: async (...news: Parameters<Tell>) => {
      await settle();
      tell(...news);
      await settle();
    },
    passMs: async (ms: number) => {
      await settle();
      clock.nowMs += ms;
      for (const { endsMs, end } of pauses) if (endsMs <= clock.nowMs) end();
      await settle();
    },
    touched: () => touched,
    followers: () => followers,
  };
}

const STAMP = { stamp: 'written' } as const;
const WOKEN: TouchOutcome = { outcome: 'woken', stamp: STAMP, woken: [] };
const AWAKE: TouchOutcome = { outcome: 'awake', stamp: STAMP };

describe('hold', () => {
  test('hold lets a request go as soon as its branch is reachable, and follows it no longer', async () => {
    const { hold, tell, followers, passMs } = holding([WOKEN]);
    const held = hold(caller);
    await tell(WAITING);
    expect(followers()).toBe(1);
    await tell(REACHABLE);
    await passMs(0);
    expect(await held).toMatchObject({ answer: 'awake', reason: 'reachable', touch: WOKEN });
    expect(followers()).toBe(0);
  });

  test('hold shows a person the page after 1.5 s and a program the problem after 25 s', async () => {
    const { hold, passMs } = holding([WOKEN]);
    const [person1, caller1] = [hold(person), hold(caller)];
    await passMs(1_500);
    expect(await person1).toMatchObject({ answer: 'page', reason: 'patience-over' });
    await passMs(23_500);
    expect(await caller1).toMatchObject({ answer: 'page', reason: 'patience-over' });
  });

  test('hold counts what the visitor waited before', async () => {
    const { hold, passMs } = holding([WOKEN]);
    const held = hold({ ...caller, waitedMs: 24_000 });
    await passMs(1_000);
    expect(await held).toMatchObject({ answer: 'page', reason: 'patience-over' });
  });

  test.each([
    [{ outcome: 'no-such-branch' }, 'no-such-branch'],
    [{ outcome: 'busy' }, 'busy'],
    [{ outcome: 'opted-out', stamp: STAMP, isAsleep: true }, 'opted-out'],
    [{ outcome: 'would-wake', stamp: STAMP }, 'dry-run'],
  ] as const)('hold answers at once where nobody need wait: %j', async (touch, reason) => {
    const { hold, followers } = holding([touch]);
    expect(await hold(caller)).toMatchObject({ answer: 'page', reason });
    expect(followers()).toBe(0);
  });

  test('hold says so at once when the branch turns out to be hopeless', async () => {
    const { hold, tell } = holding([WOKEN]);
    const held = hold(caller);
    await tell(HOPELESS);
    expect(await held).toMatchObject({ answer: 'page', reason: 'hopeless' });
  });

  test('hold waits on when Kubernetes cannot be asked, for the branch may come all the same', async () => {
    const { hold, tell, passMs } = holding(new Error('unreachable'));
    const held = hold(caller);
    await tell(REACHABLE);
    await passMs(0);
    expect(await held).toMatchObject({ answer: 'awake', problem: 'unreachable' });
  });

  test('hold wakes a branch anew that was put to sleep while somebody waits', async () => {
    const { hold, tell, touched } = holding([AWAKE, WOKEN]);
    void hold(caller);
    const workloads = [{ ref: `deployment/${BRANCH}`, replicas: 0, pods: [] }] as const;
    await tell(WAITING, { service: 'with-endpoints', servingEndpoints: 0, workloads });
    expect(touched()).toBe(2);
  });

  test('hold shows the page in time though the touch takes its time', async () => {
    const { hold, passMs } = holding(new Promise(() => undefined));
    const [person1, caller1] = [hold(person), hold(caller)];
    await passMs(1_500);
    expect(await person1).toEqual({ answer: 'page', reason: 'patience-over' });
    await passMs(23_500);
    expect(await caller1).toEqual({ answer: 'page', reason: 'patience-over' });
  });

  test('hold counts what was loaded between arrival and hold as waiting', async () => {
    const { hold, tell, passMs } = holding([WOKEN]);
    const held = hold(person, undefined, -1_000);
    await tell(WAITING);
    await passMs(500);
    expect(await held).toMatchObject({ answer: 'page', reason: 'patience-over' });
  });

  test('hold goes on trying a reachable branch for a person who has waited for more than 1.5 s', async () => {
    const { hold, tell, passMs } = holding([AWAKE]);
    const held = hold({ ...person, waitedMs: 3_000, tries: 1 });
    await tell(REACHABLE);
    await passMs(250);
    expect(await held).toMatchObject({ answer: 'awake', reason: 'reachable' });
  });

  test('hold lets go of the branch when its client has gone', async () => {
    const { hold, tell, followers } = holding([WOKEN]);
    const leaving = new AbortController();
    const held = hold(caller, leaving.signal);
    await tell(WAITING);
    leaving.abort();
    expect(await held).toMatchObject({ answer: 'page', reason: 'left' });
    expect(followers()).toBe(0);
  });
});
