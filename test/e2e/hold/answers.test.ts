import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { eventually } from '../visits.ts';
import { type Branch, type HoldWorld, NAMESPACE, startHoldWorld } from './hold-world.ts';
import { type Answer, send } from './send.ts';

const HTML = { Accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };
const PROBLEM = 'application/problem+json';
const HOLD_LIMIT_SECONDS = 4;
/** For a busy machine; still less than the hold limit. */
const AT_ONCE_MS = 3_000;
const STRANGERS = 2_000;
const STRANGERS_AT_ONCE = 50;
const CALLS_PER_MINUTE = 60;
const NEVER = { failure: 'unschedulable' } as const;

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'while a branch is asleep', () => {
  let world: HoldWorld;

  beforeAll(async () => {
    world = await startHoldWorld({ holdLimitSeconds: HOLD_LIMIT_SECONDS });
    await post(hostOf('first--g')); // what waits is loaded with the first that waits
  });
  afterAll(() => world?.stop());

  const get = (host: string, headers: Readonly<Record<string, string>> = {}) =>
    send(world.proxy.port, host, { headers });
  const post = (host: string) => send(world.proxy.port, host, { method: 'POST', bodyBytes: 10 });
  const hostOf = (name: string) => `${name}.example.com`;

  function expectNoStore({ headers }: Answer): void {
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex' });
  }

  test('a branch that opted out is said to be switched off, at once', async () => {
    const annotations = { 'dormouse/enabled': 'false' };
    const branch = await world.createBranch('opted-out--g', {}, { annotations });
    const startedMs = performance.now();
    const [page, problem] = [await get(branch.host, HTML), await post(branch.host)];
    expect(performance.now() - startedMs).toBeLessThan(AT_ONCE_MS);
    expect([page.status, problem.status, problem.headers['content-type']]).toEqual([503, 503, PROBLEM]);
    expect(page.body).toContain('kubectl scale deployment/opted-out--g --replicas=1');
    expect(JSON.parse(problem.body)).toMatchObject({ detail: expect.stringContaining('dormouse/enabled') });
    expectNoStore(page);
    expect(await branch.replicas()).toBe(0);
  });

  test('a branch that does not exist is a 404, for people and for programs, at once', async () => {
    const startedMs = performance.now();
    const [page, problem] = [await get(hostOf('ghost--g'), HTML), await post(hostOf('ghost--g'))];
    expect(performance.now() - startedMs).toBeLessThan(AT_ONCE_MS);
    expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(page.body).toContain('No such branch');
    expect([problem.status, problem.headers['content-type']]).toEqual([404, PROBLEM]);
    expectNoStore(page);
  });

  test('a request that has waited for the hold limit is a problem to be tried again, and the wake goes on', async () => {
    const branch = await world.createBranch('late--g', { startMs: 7_000 });
    const startedMs = performance.now();
    const answer = await post(branch.host);
    const waitedMs = performance.now() - startedMs;
    expect(waitedMs).toBeGreaterThan(HOLD_LIMIT_SECONDS * 1_000 - 100);
    expect(waitedMs).toBeLessThan(HOLD_LIMIT_SECONDS * 1_000 + AT_ONCE_MS);
    expect([answer.status, answer.headers['content-type']]).toEqual([503, PROBLEM]);
    expect(answer.headers).toMatchObject({ 'retry-after': '5', 'access-control-allow-origin': '*' });
    expect(branch.application.deliveries).toHaveLength(0);
    await eventually(
      () => post(branch.host),
      ({ status }) => status === 200,
    );
  });

  test('a branch that cannot start is a problem with the reason, before the hold limit', async () => {
    const branch = await world.createBranch('broken--g', { failure: 'config-error' });
    const answer = await post(branch.host);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({
      reason: 'config',
      detail: expect.stringContaining('configmap "settings" not found'),
      look: expect.stringContaining('kubectl describe pod/broken--g-'),
    });
  });

  test('a client that goes takes its watch with it', async () => {
    const branch = await world.createBranch('left--g', NEVER);
    const leaving = new AbortController();
    const request = send(world.proxy.port, branch.host, { signal: leaving.signal }).catch(() => 'left');
    const watches = () =>
      world.apiProxy.requests.filter(({ url }) => url.includes('watch=true') && url.includes(branch.name));
    await eventually(watches, (open) => open.length === 1);
    leaving.abort();
    expect(await request).toBe('left');
    const leftMs = performance.now();
    await eventually(world.apiProxy.busyConnections, (busy) => busy === 0, AT_ONCE_MS);
    expect(performance.now() - leftMs).toBeLessThan(HOLD_LIMIT_SECONDS * 1_000 - 1_000);
    expect(world.logged('hold').at(-1)).toMatchObject({ branch: branch.name, reason: 'left' });
  });

  describe('a robot', () => {
    const SLACK = { 'User-Agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' };
    let branch: Branch;

    beforeAll(async () => {
      branch = await world.createBranch('crawled--g', { startMs: 200 });
    });

    test('a robot is sent away for an hour, and wakes nothing', async () => {
      const answer = await get(branch.host, { ...SLACK, ...HTML });
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '3600']);
      expectNoStore(answer);
      const icon = await send(world.proxy.port, branch.host, { path: '/favicon.ico' });
      expect(icon.status).toBe(503);
      await delay(500); // a touch would have arrived
      expect(await branch.replicas()).toBe(0);
      expect(world.logged('touch').filter((entry) => entry.branch === branch.name)).toEqual([]);
    });

    test('a robot that says it comes on behalf of somebody wakes the branch, and is served while it is awake', async () => {
      expect((await get(branch.host, { ...SLACK, 'X-Dormouse-Wake': '1' })).status).toBe(200);
      expect((await get(branch.host, SLACK)).status).toBe(200);
    });
  });

  describe('without the function', () => {
    afterEach(() => world.startFunction('wake'));

    test('nginx itself says so and when to come again, and serves the awake branches', async () => {
      const [asleep, awake] = [
        await world.createBranch('asleep--g'),
        await world.createBranch('awake--g', {}, { replicas: 1 }),
      ];
      await eventually(
        () => get(awake.host),
        ({ status }) => status === 200,
      );
      await world.stopFunction('wake', 'SIGKILL');
      const [page, problem] = [await get(asleep.host, HTML), await post(asleep.host)];
      expect([page.status, page.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8']);
      expect([problem.status, problem.headers['content-type']]).toEqual([503, PROBLEM]);
      for (const answer of [page, problem]) expect(answer.headers['retry-after']).toBe('10');
      expect((await get(awake.host)).status).toBe(200);
    });
  });

  test('2,000 hosts that nobody knows are worth fewer calls to the cluster than one a second', async () => {
    await world.stopFunction('wake');
    await world.startFunction('wake');
    const before = world.apiProxy.requests.length;
    const startedMs = performance.now();
    const statuses: number[] = [];
    for (let n = 0; n < STRANGERS; n += STRANGERS_AT_ONCE) {
      const hosts = Array.from({ length: STRANGERS_AT_ONCE }, (_, i) => hostOf(`stranger-${n + i}--g`));
      const answers = await Promise.all(hosts.map((host) => get(host, n % 100 === 0 ? HTML : {})));
      statuses.push(...answers.map(({ status }) => status));
    }
    await delay(500); // mirrored touches are behind
    const minutes = Math.max(1, (performance.now() - startedMs) / 60_000);
    expect(world.apiProxy.requests.length - before).toBeLessThanOrEqual(CALLS_PER_MINUTE * minutes);
    expect(new Set(statuses)).toEqual(new Set([404, 503]));
  });

  test('a hostile Host, language, annotation and image name come out escaped', async () => {
    const hostile = '<img/src=x onerror=alert(1)>"\'&';
    const escaped = '&lt;img/src=x onerror=alert(1)&gt;&quot;&#39;&amp;';
    const image = `registry.example/${hostile}:1`;
    const branch = await world.createBranch(
      'hostile--g',
      { failure: 'image-pull' },
      {
        annotations: { 'kubernetes.io/change-cause': hostile },
      },
    );
    const template = { spec: { containers: [{ name: 'web', image }] } };
    await world.api.patch(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${branch.name}`, {
      spec: { template },
    });
    const page = await eventually(
      () => get(branch.host, { ...HTML, 'Accept-Language': `ja${hostile}` }),
      ({ body }) => body.includes(`registry.example/${escaped}`),
    );
    expect(page.body).not.toContain('<img');
    expect(page.body).toContain(`>${escaped}<`); // the annotation
    const nobody = await get('nobody--g.<img>"\'&', { ...HTML });
    expect(nobody.status).toBe(404);
    expect(nobody.body).not.toContain('<img>');
    expect(nobody.body).toContain('nobody--g.&lt;img&gt;&quot;&#39;&amp;');
  });
});
