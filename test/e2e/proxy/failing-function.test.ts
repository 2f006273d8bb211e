import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { startFrontEnd } from './front-end.ts';
import { type ProxyWorld, startProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from './sleeping-branch.ts';
import { startWakeStandIn, steer, type WakeReply } from './wake-stand-in.ts';

const REFUSALS = [302, 400, 401, 403, 404, 429, 500, 502, 503, 504];
const ORDER = { method: 'POST', body: 'order' } as const;
const HTML = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-dest': 'document' };
const HELD = 100;
/** Twice 3 s for the metadata server, and some for a busy machine. */
const BOUNDED_MS = 9_000;

describeWith(['nginx'], 'while the function fails', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  const failures: readonly WakeReply[] = ['cut', ...REFUSALS.map((status) => ({ status, body: 'Google' }))];
  test.each(failures)('a request is kept if it is asked once more after %o', async (failure) => {
    const branch = createSleepingBranch(world);
    let asked = 0;
    world.wake.answerWith('/hold', async () => {
      if (asked++ === 0) return failure;
      await branch.wake();
      return steer('awake');
    });
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 200 });
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(branch.deliveries).toHaveLength(1);
  });

  test.each(failures)('nginx itself answers 503 with Retry-After at the second %o', async (failure) => {
    const branch = createSleepingBranch(world);
    world.wake.answerWith('/hold', () => failure);
    const answer = await world.visit({ host: branch.host, ...ORDER });
    expect(answer).toMatchObject({
      status: 503,
      headers: {
        'content-type': 'application/problem+json',
        'retry-after': '10',
        'cache-control': 'no-store',
        'access-control-allow-origin': '*',
      },
    });
    expect(JSON.parse(answer.body)).toMatchObject({
      status: 503,
      detail: expect.stringContaining('delivered'),
    });
    const asked = world.wake.callsOf('/hold', branch.host).length;
    expect(asked).toBeGreaterThanOrEqual(2);
    // A kept connection that breaks is replaced by a new one.
    expect(asked).toBeLessThanOrEqual(failure === 'cut' ? 3 : 2);
  });

  test('a navigation gets a small page that tries again', async () => {
    const branch = createSleepingBranch(world);
    world.wake.answerWith('/hold', () => 'cut');
    const answer = await world.visit({ host: branch.host, path: '/a.css', headers: HTML });
    expect(answer.status).toBe(503);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.body).toContain('<meta http-equiv="refresh" content="10">');
  });

  test.each([302, 401, 403, 429, 500, 502])(
    'a page that is %i is not shown to the visitor',
    async (status) => {
      const branch = createSleepingBranch(world);
      world.wake.answerWith('/hold', () => steer('page'));
      world.wake.answerWith('/page', () => ({ status, body: 'Google' }));
      const answer = await world.visit({ host: branch.host, headers: HTML });
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
      expect(answer.body).not.toContain('Google');
    },
  );
});

describeWith(['nginx'], 'without the function', () => {
  test('an awake branch is served, one that is asleep gets 503 at once', async () => {
    const world = await startProxyWorldForTest();
    const branch = createSleepingBranch(world);
    await world.wake.close();
    const startedMs = performance.now();
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 503 });
    expect(await world.visit({ host: 'awake--g.gyazo.example' })).toMatchObject({ status: 200 });
    expect(performance.now() - startedMs).toBeLessThan(BOUNDED_MS);
  });

  test("a hold by the function's name goes on as soon as names are found again", async () => {
    let isDnsWell = false;
    const wakeFunction = (port: number) => `http://wake.test:${port}`;
    const world = await startProxyWorldForTest({ isDnsWell: () => isDnsWell, wakeFunction });
    const branch = createSleepingBranch(world);
    wakeOnHold(world, branch);
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 503 });
    isDnsWell = true;
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 200 });
    expect(branch.deliveries).toHaveLength(1);
  });
});

describeWith(['nginx'], 'an instance of the function that is killed in mid-hold behind a front end', () => {
  test('costs nobody a request', async () => {
    const second = await startWakeStandIn();
    const front = await startFrontEnd([second.port]);
    const world = await startProxyWorldForTest({ wakeFunction: () => front.url });
    front.prefer(world.wake.port);
    const branch = createSleepingBranch(world);
    world.wake.answerWith('/hold', () => 'hang');
    second.answerWith('/hold', async () => {
      await branch.wake();
      return steer('awake');
    });
    const visits = Array.from({ length: HELD }, () => world.visit({ host: branch.host, ...ORDER }));
    await until(
      () => world.wake.callsOf('/hold').length === HELD,
      () => 'not all are held',
    );
    await world.wake.close();
    const answers = await Promise.all(visits);
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect(branch.deliveries).toHaveLength(HELD);
    await Promise.all([second.close(), front.close()]);
  });
});

describeWith(['nginx'], 'the identity token', () => {
  test('goes with every question, and nothing of the visitor does', async () => {
    const world = await startProxyWorldForTest();
    const branch = createSleepingBranch(world);
    const headers = { cookie: 'session=1', authorization: 'Bearer user', 'x-mine': '1' };
    world.wake.answerWith('/hold', (_, n) => (n === 0 ? { status: 503 } : steer('page')));
    await world.visit({ host: branch.host, path: '/secret?token=1', headers });
    await world.visit({ host: branch.host, path: '/.dormouse/progress?token=1', headers });
    const calls = world.wake.calls.filter((call) => call.line !== 'GET /touch');
    expect(calls.map((call) => call.line)).toEqual(['GET /hold', 'GET /hold', 'GET /page', 'GET /progress']);
    for (const call of calls) {
      expect(call.headers.get('authorization')).toMatch(/^Bearer ey/);
      const names = [...call.headers.keys()].filter((name) => !name.startsWith('x-dormouse-'));
      expect(names.sort()).toEqual(['authorization', 'host', 'x-serverless-authorization']);
    }
  });

  test.each(['hang', { status: 500 }] as const)(
    'is waited for within bounds while the metadata server does %o, and the question goes without it',
    async (mood) => {
      const world = await startProxyWorldForTest();
      world.metadata.setMood(mood);
      const branch = createSleepingBranch(world);
      wakeOnHold(world, branch);
      const startedMs = performance.now();
      expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 200 });
      expect(performance.now() - startedMs).toBeLessThan(BOUNDED_MS);
      expect(world.wake.callsOf('/hold')[0]?.headers.has('authorization')).toBe(false);
    },
  );
});
