import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { exchange } from './exchange.ts';
import { called, type ProxyWorld, startProxyWorld, startProxyWorldForTest } from './proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from './sleeping-branch.ts';

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describeWith(['nginx'], 'a branch that is asleep', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  test.each(['refused', 'unknown', 'broken'])(
    'is asked about at the function when it is %s',
    async (name) => {
      const host = `${name}--g.gyazo.example`;
      const answer = await world.visit({ host });
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' }, body: 'a page' });
      expect(world.wake.callsOf('/hold', host)).toHaveLength(1);
    },
  );

  test('whose Service drops packets is asked about after the connection timed out', async () => {
    const host = 'dropping--g.gyazo.example';
    expect(await world.visit({ host })).toMatchObject({ status: 503, body: 'a page' });
    expect(world.wake.callsOf('/hold', host)).toHaveLength(1);
  });

  test('is described to the function by what it needs to choose the answer, and by nothing else', async () => {
    const host = createSleepingBranch(world).host;
    const headers = {
      ...HTML,
      'accept-language': 'ja',
      'sec-fetch-dest': 'document',
      'x-turbo-request-id': '1',
      cookie: 'a=1',
      'x-dormouse-host': 'forged',
    };
    await world.visit({ host: `${host.toUpperCase()}:8080`, method: 'PUT', headers, path: '/secret?a' });
    for (const path of ['/hold', '/page'] as const) {
      const [call] = world.wake.callsOf(path, host);
      const told = Object.fromEntries(call?.headers ?? []);
      expect(told).toEqual({
        host: '127.0.0.1',
        authorization: expect.stringMatching(/^Bearer /),
        'x-serverless-authorization': expect.stringMatching(/^Bearer /),
        'x-dormouse-host': host,
        'x-dormouse-method': 'PUT',
        'x-dormouse-accept': HTML.accept,
        'x-dormouse-language': 'ja',
        'x-dormouse-fetch': 'document',
        'x-dormouse-script': '1',
        'x-dormouse-tried': path === '/hold' ? '502' : '502 : 200',
        'x-dormouse-round': '0',
        'x-dormouse-waited': expect.stringMatching(/^\d+\.\d{3}$/),
      });
    }
  });

  test.each(['hx-request', 'x-requested-with', 'x-turbo-request-id'])(
    'marks a script by its %s',
    async (name) => {
      const { host } = createSleepingBranch(world);
      await world.visit({ host, headers: { [name]: '1' } });
      expect(world.wake.callsOf('/hold', host)[0]?.headers.get('x-dormouse-script')).toBe('1');
    },
  );

  test.each([
    ['long', `text/html,${'x'.repeat(20_000)}`],
    ['not of plain characters', 'text/html\u0001\u00e9'],
  ])('is asked about, and held, when a header is %s', async (_, value) => {
    const { host } = createSleepingBranch(world);
    const headers = ['Accept', 'Accept-Language', 'Sec-Fetch-Dest'].map((name) => `${name}: ${value}`);
    const lines = ['GET / HTTP/1.1', `Host: ${host}`, ...headers, 'Connection: close', '', ''];
    expect(await exchange(world.proxy.port, lines.join('\r\n'))).toContain('a page');
    const accept = world.wake.callsOf('/hold', host)[0]?.headers.get('x-dormouse-accept');
    expect(accept).toMatch(/^text\/html/);
    expect(accept?.length).toBeLessThanOrEqual(1_000);
  });
});

const ROBOTS = ['Slackbot 1.0', 'GoogleHC/1.0', 'kube-probe/1.33', 'UptimeRobot/2.0', 'Twitterbot/1.0'];

describeWith(['nginx'], 'who does not wake a branch that is asleep', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  test.each(ROBOTS)('%s is sent away for an hour, and is served while the branch is awake', async (agent) => {
    const branch = createSleepingBranch(world);
    const request = { host: branch.host, headers: { ...HTML, 'user-agent': agent } };
    const answer = await world.visit(request);
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({
      'retry-after': '3600',
      'x-robots-tag': 'noindex',
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
    });
    await branch.wake();
    expect(await world.visit(request)).toMatchObject({ status: 200 });
    expect(world.wake.callsOf('/hold', branch.host)).toEqual([]);
  });

  test.each(['/favicon.ico', '/robots.txt'])('%s is sent away for an hour', async (path) => {
    const { host } = createSleepingBranch(world);
    const answer = await world.visit({ host, path });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '3600' } });
    expect(world.wake.callsOf('/hold', host)).toEqual([]);
  });

  test('a prefetch gets 503 that is not stored', async () => {
    const { host } = createSleepingBranch(world);
    const answer = await world.visit({ host, headers: { ...HTML, 'sec-purpose': 'prefetch' } });
    expect(answer).toMatchObject({ status: 503, headers: { 'cache-control': 'no-store' } });
    expect(answer.headers).not.toHaveProperty('retry-after');
    expect(world.wake.callsOf('/hold', host)).toEqual([]);
  });

  test.each([{ accept: 'text/x-vite-ping' }, { 'sec-websocket-protocol': 'vite-hmr', upgrade: 'websocket' }])(
    'the page of a development server gets no answer: %o',
    async (headers) => {
      const { host } = createSleepingBranch(world);
      await expect(world.visit({ host, headers })).rejects.toThrow('socket hang up');
      expect(world.wake.callsOf('/hold', host)).toEqual([]);
    },
  );
});

describeWith(['nginx'], 'a robot that says it is sent', () => {
  test('by X-Dormouse-Wake, is held and counts as a visit', async () => {
    const world = await startProxyWorldForTest();
    const branch = createSleepingBranch(world);
    wakeOnHold(world, branch);
    const headers = { 'user-agent': 'UptimeRobot/2.0', 'x-dormouse-wake': '1' };
    expect(await world.visit({ host: branch.host, headers })).toMatchObject({ status: 200 });
    await called(world.wake, branch.host);
  });

  test('by the header that the team has chosen, is held; by another, is not', async () => {
    const world = await startProxyWorldForTest({ variables: { wake_header: 'x_ci' } });
    const agent = { 'user-agent': 'UptimeRobot/2.0' };
    const visit = async (headers: Record<string, string>) => {
      const { host } = createSleepingBranch(world);
      await world.visit({ host, headers: { ...agent, ...headers } });
      return world.wake.callsOf('/hold', host).length;
    };
    expect(await visit({ 'x-ci': 'nightly' })).toBe(1);
    expect(await visit({ 'x-dormouse-wake': '1' })).toBe(0);
  });
});

describeWith(['nginx'], 'a branch that does not exist', () => {
  const NOT_FOUND = { status: 404, headers: { 'content-language': 'en', vary: 'Accept-Language' } };

  test('has its 404 page kept, apart for each language, kind and method', async () => {
    const world = await startProxyWorldForTest();
    const host = 'unknown--g.gyazo.example';
    const answer = (body: string) => ({ ...NOT_FOUND, headers: { 'cache-control': 'no-store' }, body });
    world.wake.answerWith('/page', (call) => answer(String(call.headers.get('x-dormouse-language'))));
    const visit = (language: string, more = {}) =>
      world.visit({ host, headers: { ...HTML, 'accept-language': language }, ...more });
    for (let n = 0; n < 3; n++) expect(await visit('ja')).toMatchObject({ status: 404, body: 'ja' });
    expect(await visit('en')).toMatchObject({ status: 404, body: 'en' });
    expect(await visit('en', { method: 'HEAD' })).toMatchObject({ status: 404, body: '' });
    expect(await visit('en')).toMatchObject({ status: 404, body: 'en' });
    expect(world.wake.callsOf('/page', host)).toHaveLength(3);
  });

  test('has no other page kept: a 503 is asked for each time', async () => {
    const world = await startProxyWorldForTest();
    const { host } = createSleepingBranch(world);
    for (let n = 0; n < 3; n++) expect(await world.visit({ host })).toMatchObject({ status: 503 });
    expect(world.wake.callsOf('/page', host)).toHaveLength(3);
  });
});
