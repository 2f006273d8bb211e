import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { PodBehaviour } from '../../world/kubelet/behaviour.ts';
import { eventually } from '../visits.ts';
import { type Branch, type HoldWorld, startHoldWorld } from './hold-world.ts';
import { type Answer, echo, type Sending, send, sha256OfBody } from './send.ts';

const MEBIBYTE = 1_048_576;
const CURL = { 'User-Agent': 'curl/8.14.1' };
const FETCH = {
  Accept: '*/*',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  Origin: 'https://front.example',
};
const PREFLIGHT = {
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'content-type',
};

const SENDINGS: Readonly<Record<string, Sending>> = {
  get: {
    path: '/a%2Fb//c?x=%26',
    headers: { Accept: '*/*', Cookie: 'a=1; b=2', Authorization: 'Bearer theirs' },
  },
  head: { method: 'HEAD', headers: { Accept: '*/*' } },
  curl: { headers: CURL },
  'post-empty': { method: 'POST', headers: CURL, bodyBytes: 0 },
  'post-1-mib': { method: 'POST', headers: CURL, bodyBytes: MEBIBYTE },
  'post-100-mib': { method: 'POST', headers: CURL, bodyBytes: 100 * MEBIBYTE },
  'post-chunked': { method: 'POST', headers: CURL, bodyBytes: 300_000, isChunked: true },
  'put-continue': { method: 'PUT', headers: { ...CURL, Expect: '100-continue' }, bodyBytes: MEBIBYTE },
  'fetch-json': { method: 'POST', headers: { ...FETCH, 'Content-Type': 'application/json' }, bodyBytes: 64 },
  preflight: { method: 'OPTIONS', headers: { ...FETCH, ...PREFLIGHT } },
  events: { path: '/events', headers: { Accept: 'text/event-stream' } },
};

type Start = { readonly name: string; readonly start: PodBehaviour; readonly hasReadinessProbe: boolean };

/** The longest first. Without a readiness probe a pod is Ready before it listens. */
const STARTS: readonly Start[] = [
  { name: '30-s', start: { pullMs: 10_000, startMs: 10_000, readyMs: 10_000 }, hasReadinessProbe: true },
  { name: '30-s-deaf', start: { startMs: 200, listensAfterMs: 29_800 }, hasReadinessProbe: false },
  { name: '5-s', start: { pullMs: 1_500, startMs: 1_500, readyMs: 2_000 }, hasReadinessProbe: true },
  { name: '5-s-deaf', start: { startMs: 200, listensAfterMs: 4_800 }, hasReadinessProbe: false },
  { name: '200-ms', start: { startMs: 200 }, hasReadinessProbe: true },
  { name: '200-ms-deaf', start: { listensAfterMs: 200 }, hasReadinessProbe: false },
];
const HOLD_LIMIT_SECONDS = 100; // all of this at once on a busy machine
/** An hour's clock in a minute, so that Dormouse's own sweep puts a branch to sleep after 10 s. */
const SPEED = 60;
/** The sweeps of one test leave the branches of the others alone. */
const SLEEPLESS = { 'dormouse/idle-after': 'never' };

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'a request to a branch that is asleep', () => {
  let world: HoldWorld;
  const branches = new Map<string, Branch>();

  beforeAll(async () => {
    world = await startHoldWorld({ holdLimitSeconds: HOLD_LIMIT_SECONDS, speed: SPEED });
    for (const { name, start, hasReadinessProbe } of STARTS) {
      for (const kind of [...Object.keys(SENDINGS), 'websocket']) {
        const branch = `${kind}-${name}--g`;
        const workload = { hasReadinessProbe, annotations: SLEEPLESS };
        branches.set(branch, await world.createBranch(branch, start, workload));
      }
    }
    await world.sweep(); // makes them known, as it does a few minutes after a deploy
  });
  afterAll(() => world?.stop());

  const branchOf = (kind: string, start: Start): Branch => {
    const branch = branches.get(`${kind}-${start.name}--g`);
    if (branch === undefined) throw new Error(`there is no branch for ${kind}`);
    return branch;
  };

  const wasHeld = (host: string) =>
    world.proxy.accessLog().some((line) => line.host === host && line.held !== '');

  /** The same request twice: to the branch while it is asleep, and when it is awake. */
  async function askTwice(kind: string, start: Start): Promise<readonly [Answer, Answer]> {
    const { host, application } = branchOf(kind, start);
    const asleep = await send(world.proxy.port, host, SENDINGS[kind]);
    expect([kind, application.deliveries.length]).toEqual([kind, 1]);
    const awake = await send(world.proxy.port, host, SENDINGS[kind]);
    expect(application.deliveries[0]).toEqual(application.deliveries[1]);
    await eventually(() => wasHeld(host), Boolean); // nginx writes its log when an answer has gone
    return [asleep, awake];
  }

  test.concurrent('waits for an answer of 70 s, which is the application’s own', async () => {
    const branch = await world.createBranch('slow--g', { startMs: 200 }, { annotations: SLEEPLESS });
    const answer = await send(world.proxy.port, branch.host, { method: 'POST', path: '/slow?ms=70000' });
    expect(answer.status).toBe(200);
    expect(branch.application.deliveries).toHaveLength(1);
  });

  async function echoOnce(start: Start): Promise<void> {
    const { host, name } = branchOf('websocket', start);
    expect(await echo(world.proxy.port, host, 'hello')).toBe('hello');
    expect(world.kubelet.requests(name)).toBe(1);
  }

  test.concurrent.each(STARTS)(
    'gets the answer of a branch that starts in $name, as if it had been awake, and reaches it once',
    async (start) => {
      const twice = Object.keys(SENDINGS).map(async (kind) => [kind, await askTwice(kind, start)] as const);
      const [answers] = await Promise.all([Promise.all(twice), echoOnce(start)]);
      const asleep = Object.fromEntries(answers.map(([kind, [answer]]) => [kind, answer]));
      const awake = Object.fromEntries(answers.map(([kind, [, answer]]) => [kind, answer]));
      expect(asleep).toEqual(awake);
      expect(statusesOf(asleep)).toEqual({ ...statusesOf(asleep, 200), preflight: 204 });
      for (const [kind, { bodyBytes = 0 }] of Object.entries(SENDINGS)) {
        const [delivery] = branchOf(kind, start).application.deliveries;
        expect(delivery).toMatchObject({ bytes: bodyBytes, sha256: sha256OfBody(bodyBytes) });
      }
      expect(asleep.events?.isSpread).toBe(true);
    },
  );

  test.concurrent('wakes what a sweep has put to sleep, and leaves in the record how long that took', async () => {
    const branch = await world.createBranch('slept--g', { startMs: 3_000 }, { replicas: 2 });
    await eventually(
      () => send(world.proxy.port, branch.host),
      ({ status }) => status === 200,
    );
    await eventually(
      async () => (await world.sweep()) && branch.replicas(),
      (replicas) => replicas === 0,
    );
    await eventually(
      () => world.kubelet.pods().filter((pod) => pod.branch === branch.name).length,
      (pods) => pods === 0,
    );
    const recorded = (await branch.wakeMs()) ?? [];
    const posted = await send(world.proxy.port, branch.host, { method: 'POST', bodyBytes: 10 });
    expect([posted.status, await branch.replicas()]).toEqual([200, 2]);
    const wakeMs = await eventually(branch.wakeMs, (durations = []) => durations.length > recorded.length);
    expect(wakeMs?.at(-1)).toBeGreaterThan(2_000);
    expect(wakeMs?.at(-1)).toBeLessThan(15_000);
  });
});

function statusesOf(answers: Readonly<Record<string, Answer>>, instead?: number): Record<string, number> {
  return Object.fromEntries(Object.entries(answers).map(([kind, { status }]) => [kind, instead ?? status]));
}
