import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { Answer } from './exchange.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';
import { createSleepingBranch, type SleepingBranch } from './sleeping-branch.ts';
import { steer, type WakeReply } from './wake-stand-in.ts';

const REQUESTS = 20;
/** Ready, and nobody listens. */
const SILENT_MS = 31_000;
const TRY_EVERY_MS = 1_000;
const HOLD_LIMIT_SECONDS = 1;
const LATE_MS = 3_000;
/** Twice the limit and 10 s. */
const GIVEN_UP_MS = 22_000;
const UNKNOWN = 'unknown--g.gyazo.example';
const CACHED_MS = 10_000;
const TOLERANCE_MS = 1_500;

type Timed = Answer & { readonly tookMs: number };

/** Its stories take long, and are told at the same time. */
describeWith(['nginx'], 'with patience', () => {
  let world: ProxyWorld;
  let slow: { readonly branch: SleepingBranch; readonly answers: readonly Answer[] };
  let late: Timed;
  let silent: Timed;

  beforeAll(async () => {
    world = await startProxyWorld({ variables: { hold_limit_seconds: HOLD_LIMIT_SECONDS } });
    const branches = [1, 2, 3].map(() => createSleepingBranch(world));
    const [slowBranch, lateBranch, silentBranch] = branches as [
      SleepingBranch,
      SleepingBranch,
      SleepingBranch,
    ];
    const stories: Record<string, () => Promise<WakeReply>> = {
      [slowBranch.host]: () => delay(TRY_EVERY_MS, steer('awake')),
      [lateBranch.host]: async () => {
        await Promise.all([delay(LATE_MS), lateBranch.wake()]);
        return steer('awake');
      },
      [silentBranch.host]: async () => 'hang',
    };
    world.wake.answerWith('/hold', (call) => stories[hostOf(call)]?.() ?? steer('page'));
    world.wake.answerWith('/page', () => ({ status: 404, body: 'no such branch' }));
    setTimeout(slowBranch.wake, SILENT_MS);
    const orders = Array.from({ length: REQUESTS }, (_, n) => order(world, slowBranch, n));
    const [answers, lateAnswer, silentAnswer] = await Promise.all([
      Promise.all(orders),
      order(world, lateBranch),
      order(world, silentBranch),
      askForUnknown(world),
    ]);
    slow = { branch: slowBranch, answers };
    late = lateAnswer;
    silent = silentAnswer;
  });
  afterAll(() => world.close());

  test('a branch that is Ready 31 s before it listens costs nobody a request, and gets each once', () => {
    expect(slow.answers.map((answer) => answer.status)).toEqual(slow.answers.map(() => 200));
    const lines = slow.branch.deliveries.map((delivery) => delivery.line);
    expect(lines.sort()).toEqual(slow.answers.map((_, n) => `POST /${n}`).sort());
  });

  test('a function that answers a little after its own limit is waited for', () => {
    expect(late.status).toBe(200);
  });

  test('a function that hangs is waited for 10 s longer than its limit, twice; then nginx answers 503', () => {
    expect(silent).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    expect(silent.tookMs).toBeGreaterThan(GIVEN_UP_MS - 100);
    expect(silent.tookMs).toBeLessThan(GIVEN_UP_MS + 2 * TOLERANCE_MS);
  });

  test('the 404 page of a branch that does not exist is asked for again after 10 s', () => {
    const times = world.wake.callsOf('/page', UNKNOWN).map((call) => call.atMs);
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThan(CACHED_MS - TOLERANCE_MS);
    expect(second - first).toBeLessThan(CACHED_MS + TOLERANCE_MS);
  });
});

function hostOf(call: { readonly headers: ReadonlyMap<string, string> }): string {
  return call.headers.get('x-dormouse-host') ?? '';
}

async function order(world: ProxyWorld, { host }: SleepingBranch, n = 0): Promise<Timed> {
  const sentMs = performance.now();
  const answer = await world.visit({ host, method: 'POST', path: `/${n}`, body: `order ${n}` });
  return { ...answer, tookMs: performance.now() - sentMs };
}

/** Twice a second, until the page was asked for a second time. */
async function askForUnknown(world: ProxyWorld): Promise<void> {
  while (world.wake.callsOf('/page', UNKNOWN).length < 2) {
    expect(await world.visit({ host: UNKNOWN })).toMatchObject({ status: 404, body: 'no such branch' });
    await delay(500);
  }
}
