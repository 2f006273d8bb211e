import type { Request, Response } from '@google-cloud/functions-framework';
import { describeSwept } from '../../../functions/describe-swept.ts';
import { createSleepFunction } from '../../../functions/sleep.ts';
import { createTouchRoute } from '../../../functions/touch.ts';
import { createTiming } from '../../../shared/core/timing.ts';
import { createKnownBranches } from '../../../shared/flows/known-branches.ts';
import { createWakeTimer } from '../../../shared/flows/record-wake.ts';
import { createSweep } from '../../../shared/flows/sweep.ts';
import { createTouch } from '../../../shared/flows/touch.ts';
import { createLog } from '../../../shared/log.ts';
import { aWorkload } from '../../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore, readNothing } from '../../fixtures/memory-ports.ts';
import type { Usage } from './bill.ts';
import { type Busy, billedSeconds } from './busy-time.ts';
import { countStore } from './count-store.ts';
import { createThrottle, DAY_MS, type Touch, type Traffic, touchesOfDay } from './traffic.ts';

/** What happened in a month, besides what it cost. */
export type Month = {
  readonly usage: Usage;
  readonly visits: number;
  readonly touches: number;
  readonly wakes: number;
  readonly sleeps: number;
};

/** How long calls take and how large their logs are. What is not known is assumed to be more rather than less. */
export const ASSUMED = {
  touchesPerMinute: 4,
  proxies: 2,
  idleAfterMs: 3_600_000,
  heartbeatEveryMs: 60_000,
  sweepEveryMs: 300_000,
  memoryGib: 0.5,
  /** A write, a look and their ways: less than the 100 ms that are billed at least. */
  touchMs: 100,
  /** Of 100 branches, on an instance that has just started, each time. */
  sweepMs: 3_000,
  /** Of an instance of `wake`, once an hour. Heartbeats keep one at work. */
  startMs: 2_000,
  /** A person waits, then gets the page, which listens until the branch is there. */
  holdMs: 1_500,
  podStartMs: 30_000,
  /** Cloud Run's own entry of a request, and what surrounds a line of ours. */
  requestLogBytes: 1_000,
  entryBytes: 400,
} as const;

const HOUR_MS = 3_600_000;
/** A stream of progress ends after this time, and the page opens another. */
const PROGRESS_MS = 20_000;

type Event = { readonly atMs: number; readonly run: () => Promise<void> };

/** Runs the real functions over a month of visits, on a cluster and a store in memory and a clock of its own. */
export async function simulateMonth(traffic: Traffic): Promise<Month> {
  const world = createWorld(traffic);
  const throttle = createThrottle(ASSUMED.touchesPerMinute);
  const totals = { visits: 0, touches: 0 };
  for (let day = 0; day < traffic.days; day += 1) {
    const { touches, requests } = touchesOfDay(traffic, day, throttle);
    totals.visits += requests;
    totals.touches += touches.length;
    for (const { atMs, run } of eventsOfDay(world, day, touches)) {
      world.clock.nowMs = atMs;
      await run();
    }
  }
  return { ...totals, wakes: world.counts.wakes, sleeps: world.counts.sleeps, usage: usageOf(world) };
}

type World = ReturnType<typeof createWorld>;

function createWorld({ branches }: Traffic) {
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const counts = { requests: 0, logBytes: 0, wakes: 0, sleeps: 0 };
  const names = Array.from({ length: branches }, (_, n) => `branch-${n}--g`);
  // They have been there for a week, and sleep at the beginning of the month.
  const workloads = names.map((name) => aWorkload({ name, createdMs: -7 * DAY_MS, lastEditMs: -7 * DAY_MS }));
  const cluster = createMemoryCluster(...workloads);
  const store = countStore(createMemoryStore(now), now);
  const log = createLog({
    write: (line) => {
      counts.logBytes += Buffer.byteLength(line) + ASSUMED.entryBytes;
    },
  });
  const timing = createTiming(ASSUMED.idleAfterMs);
  const known = createKnownBranches({ cluster, timing, now });
  const touch = createTouch({ store, cluster, known, readSurroundings: readNothing, timing, now });
  const sweep = createSweep({
    store,
    cluster,
    settings: { timing, mode: 'on' },
    now,
    expectedProxies: ASSUMED.proxies,
    batchSize: 20,
    report: (swept) => {
      if (swept.result.result === 'slept') counts.sleeps += 1;
      log(describeSwept(swept));
    },
  });
  const stampHeartbeat = (proxy: string) => store.stampHeartbeat(proxy, timing.heartbeatSilenceMs);
  return {
    clock,
    counts,
    names,
    cluster,
    store,
    touch,
    log,
    timer: createWakeTimer(store, now),
    touchRoute: createTouchRoute({ touch, stampHeartbeat, stampBackground: store.stampBackground, log }),
    sleepFunction: createSleepFunction({ sweep, isDryRun: false, log }),
    /** Of the instances of each function. */
    busy: { wake: [] as Busy[], sleep: [] as Busy[] },
  };
}

function eventsOfDay(world: World, day: number, touches: readonly Touch[]): readonly Event[] {
  const every = (everyMs: number, offsetMs: number, run: () => Promise<void>): Event[] =>
    Array.from({ length: DAY_MS / everyMs }, (_, n) => ({
      atMs: day * DAY_MS + n * everyMs + offsetMs,
      run,
    }));
  const beats = Array.from({ length: ASSUMED.proxies }, (_, proxy) =>
    every(ASSUMED.heartbeatEveryMs, (proxy * ASSUMED.heartbeatEveryMs) / ASSUMED.proxies, () =>
      callTouch(world, { 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': `proxy-${proxy}` }),
    ),
  );
  const start = async () => keepBusy(world, 'wake', { afterMs: 0, forMs: ASSUMED.startMs });
  const visits = touches.map(({ atMs, branch }) => ({
    atMs,
    run: () => visit(world, world.names[branch] ?? ''),
  }));
  return [
    ...visits,
    ...beats.flat(),
    ...every(ASSUMED.sweepEveryMs, 1, () => callSleep(world)),
    ...every(HOUR_MS, 0, start),
  ].sort((one, other) => one.atMs - other.atMs);
}

async function visit(world: World, branch: string): Promise<void> {
  const raisesBefore = raises(world);
  await callTouch(world, { 'X-Dormouse-Host': `${branch}.example.com` });
  if (raises(world) > raisesBefore) await wait(world, branch);
}

function raises({ cluster }: World): number {
  const last = cluster.calls.at(-1) ?? '';
  if (cluster.calls.length > 1_000) cluster.calls.splice(0, cluster.calls.length - 1); // it grows for a month
  return last.startsWith('raise') ? 1 : 0;
}

/** The visit that woke it is held, gets the page, and the page listens until the branch is there. */
async function wait(world: World, branch: string): Promise<void> {
  const { touch, timer, log, counts } = world;
  counts.wakes += 1;
  timer.started(branch);
  const touched = await touch(branch, { isHeld: true });
  const entry = { event: 'hold', branch, answer: 'page', reason: 'patience-over', touch: touched };
  log({ severity: 'INFO', message: `hold ${branch}: page, patience-over`, ...entry });
  answerRequest(world, 'wake', { afterMs: 0, forMs: ASSUMED.holdMs });
  answerRequest(world, 'wake', { afterMs: ASSUMED.holdMs, forMs: ASSUMED.touchMs });
  for (let afterMs: number = ASSUMED.holdMs; afterMs < ASSUMED.podStartMs; afterMs += PROGRESS_MS) {
    answerRequest(world, 'wake', { afterMs, forMs: Math.min(PROGRESS_MS, ASSUMED.podStartMs - afterMs) });
  }
  const wakeMs = await timer.reached(branch);
  log({ severity: 'INFO', message: `${branch} woke in ${wakeMs} ms`, event: 'wake', branch, wakeMs });
}

async function callTouch(world: World, headers: Readonly<Record<string, string>>): Promise<void> {
  answerRequest(world, 'wake', { afterMs: 0, forMs: ASSUMED.touchMs });
  await world.touchRoute(...exchange({ path: '/touch', method: 'GET', headers }));
}

async function callSleep(world: World): Promise<void> {
  answerRequest(world, 'sleep', { afterMs: 0, forMs: ASSUMED.sweepMs });
  await world.sleepFunction(...exchange({ path: '/', method: 'POST', headers: {} }));
}

type Duration = { readonly afterMs: number; readonly forMs: number };

function answerRequest(world: World, target: 'wake' | 'sleep', duration: Duration): void {
  world.counts.requests += 1;
  world.counts.logBytes += ASSUMED.requestLogBytes;
  keepBusy(world, target, duration);
}

function keepBusy({ clock, busy }: World, target: 'wake' | 'sleep', { afterMs, forMs }: Duration): void {
  const fromMs = clock.nowMs + afterMs;
  busy[target].push({ fromMs, toMs: fromMs + forMs });
}

type Call = { readonly path: string; readonly method: string; readonly headers: Record<string, string> };

/** As much of a request and its response as the functions look at. */
function exchange({ path, method, headers }: Call): [Request, Response] {
  const request = { path, method, query: {}, headers, header: (name: string) => headers[name] };
  const response = { status: () => response, set: () => response, json: () => response, end: () => response };
  return [request as unknown as Request, response as unknown as Response];
}

function usageOf({ counts, busy, store }: World): Usage {
  return {
    requests: counts.requests,
    busySeconds: billedSeconds(busy.wake) + billedSeconds(busy.sleep),
    memoryGib: ASSUMED.memoryGib,
    reads: store.reads,
    writes: store.writes,
    schedulerJobs: 1,
    logBytes: counts.logBytes,
  };
}
