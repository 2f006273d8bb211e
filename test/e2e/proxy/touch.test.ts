import { request as openRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { exchange } from './exchange.ts';
import { called, type ProxyWorld, startProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';

const ROBOTS = {
  kubelet: 'kube-probe/1.33',
  'Google load balancer': 'GoogleHC/1.0',
  Googlebot: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  Slack: 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  Twitter: 'Twitterbot/1.0',
  // These call themselves nearly what a browser does.
  'Googlebot as a telephone':
    'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  Applebot:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)',
  BingPreview: 'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b',
  Datadog:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 DatadogSynthetics',
  UptimeRobot: 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
} as const;

const BROWSERS = {
  Chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
  Firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Safari:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'something else': 'curl/8.0',
} as const;

const BACKGROUND = {
  'a ping of Vite': { headers: { accept: 'text/x-vite-ping' } },
  'a socket of Vite': { headers: upgrade('vite-hmr'), path: '/?token=1' },
  'a ping socket of Vite': { headers: upgrade('vite-ping') },
  'a socket of Next': { headers: upgrade(), path: '/_next/webpack-hmr?id=1' },
  'an event stream of webpack': { headers: { accept: 'text/event-stream' }, path: '/__webpack_hmr' },
  'a socket of webpack': { headers: upgrade(), path: '/sockjs-node/1/2/websocket' },
} as const;

const PREFETCHES = {
  'Sec-Purpose: prefetch': { 'sec-purpose': 'prefetch' },
  'Sec-Purpose: prefetch;prerender': { 'sec-purpose': 'prefetch;prerender' },
  'Purpose: prefetch': { purpose: 'prefetch' },
  'X-Moz: prefetch': { 'x-moz': 'prefetch' },
} as const;

describeWith(['nginx'], 'a touch', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  test('the function sees GET /touch, the host and the token, and nothing of the visitor', async () => {
    const host = 'private--g.gyazo.example';
    const headers = { cookie: 'session=1', authorization: 'Bearer user', 'x-dormouse-proxy': 'forged' };
    await world.visit({ host, path: '/account?token=secret', method: 'POST', headers, body: 'secret' });
    await called(world.wake, host);
    const call = world.wake.calls.find((seen) => seen.headers.get('x-dormouse-host') === host);
    expect(call?.line).toBe('GET /touch');
    expect([...(call?.headers.keys() ?? [])].sort()).toEqual([
      'authorization',
      'host',
      'x-dormouse-host',
      'x-serverless-authorization',
    ]);
    expect(call?.headers.get('authorization')).not.toContain('user');
  });

  test('ten touches use at most two connections to the function', async () => {
    const before = world.wake.connections();
    for (let n = 0; n < 10; n++) {
      const host = `kept-${n}--g.gyazo.example`;
      await world.visit({ host });
      await called(world.wake, host);
    }
    expect(world.wake.connections() - before).toBeLessThanOrEqual(2);
  });

  test('a call to a function that takes its time is not cut', async () => {
    world.wake.setMood({ delayMs: 700 });
    const host = 'unhurried--g.gyazo.example';
    await world.visit({ host });
    const statuses = () => touchesOf(world, host).map((line) => line.upstreamStatus);
    await until(
      () => statuses().length > 0,
      () => 'no touch was logged',
    );
    expect(statuses()).toEqual(['204']);
    world.wake.setMood('well');
  });

  test('a visit to a branch that is asleep is a touch', async () => {
    await world.visit({ host: 'refused-touch--g.gyazo.example' });
    await world.visit({ host: 'unknown-touch--g.gyazo.example' });
    await called(world.wake, 'refused-touch--g.gyazo.example', 'unknown-touch--g.gyazo.example');
  });

  test('a host in upper case, with port, trailing dot or another suffix counts as the same branch', async () => {
    const variants = [
      'One--g.gyazo.example',
      'ONE--G.GYAZO.EXAMPLE:8080',
      'one--g.gyazo.example.',
      'one--g.other',
    ];
    for (const host of variants) await world.visit({ host });
    await settle(world);
    expect(world.wake.hosts().filter((host) => host.startsWith('one--g'))).toEqual(['one--g.gyazo.example']);
  });

  test('a visitor who leaves before the answer has touched', async () => {
    const host = 'leaving--g.gyazo.example';
    world.application.answerWith((head) => (head.includes(host) ? 'silence' : 'drop'));
    await leave(world.proxy.port, host, AbortSignal.timeout(50));
    await called(world.wake, host);
  });

  test.each(Object.entries(ROBOTS))('%s does not touch', async (name, agent) => {
    await expectNoTouch(world, { host: hostFor(name), headers: { 'user-agent': agent } });
  });

  test.each(Object.entries(PREFETCHES))('%s does not touch', async (name, headers) => {
    await expectNoTouch(world, { host: hostFor(name), headers });
  });

  test.each(Object.entries(BROWSERS))('%s touches', async (name, agent) => {
    const host = `${name.toLowerCase().replaceAll(' ', '-')}--g.gyazo.example`;
    await world.visit({ host, headers: { 'user-agent': agent } });
    await called(world.wake, host);
  });

  test.each(['/favicon.ico', '/robots.txt?v=1'])('the path %s does not touch', async (path) => {
    await expectNoTouch(world, { host: hostFor(path), path });
  });

  test.each(Object.entries(BACKGROUND))('%s does not touch', async (name, request) => {
    const host = hostFor(name);
    const lines = [`GET ${'path' in request ? request.path : '/'} HTTP/1.1`, `Host: ${host}`];
    const headers = Object.entries({ connection: 'close', ...request.headers }).map(
      ([key, value]) => `${key}: ${value}`,
    );
    await exchange(world.proxy.port, `${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
    await settle(world);
    expect(world.wake.hosts()).not.toContain(host);
  });

  test('a path that only contains an ignored one touches', async () => {
    await world.visit({ host: 'path--g.gyazo.example', path: '/docs/favicon.ico' });
    await called(world.wake, 'path--g.gyazo.example');
  });
});

describeWith(['nginx'], 'a touch from an ignored network', () => {
  test('counts by the address that a trusted proxy reports', async () => {
    const networks = { trusted_proxies: 'proxy 127.0.0.0/8;', ignored_networks: '203.0.113.0/24 1;' };
    const world = await startProxyWorldForTest({ variables: networks });
    const inside = { host: 'inside--g.gyazo.example', headers: { 'x-forwarded-for': '203.0.113.9' } };
    const outside = { host: 'outside--g.gyazo.example', headers: { 'x-forwarded-for': '198.51.100.9' } };
    await world.visit(inside);
    await world.visit(outside);
    await called(world.wake, outside.host);
    expect(world.wake.hosts()).toEqual([outside.host]);
  });
});

/** Sends a request and closes the connection when the signal says so. */
function leave(port: number, host: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    openRequest({ host: '127.0.0.1', port, headers: { host }, signal }).on('error', resolve).end();
  });
}

function upgrade(protocol?: string): Record<string, string> {
  const headers = { connection: 'Upgrade, close', upgrade: 'websocket', 'sec-websocket-version': '13' };
  return protocol === undefined ? headers : { ...headers, 'sec-websocket-protocol': protocol };
}

function touchesOf(world: ProxyWorld, host: string) {
  return world.proxy.accessLog().filter((line) => line.touch === host);
}

/** A branch of its own for each case, since the second touch of a branch would be throttled. */
function hostFor(name: string): string {
  return `${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')}--g.gyazo.example`;
}

async function expectNoTouch(world: ProxyWorld, request: Parameters<ProxyWorld['visit']>[0]): Promise<void> {
  world.application.answerWith(() => 'HTTP/1.1 204 No Content\r\n\r\n');
  expect(await world.visit(request)).toMatchObject({ status: 204 });
  await settle(world);
  expect(world.wake.hosts()).not.toContain(request.host);
}

let settled = 0;

/** Touches arrive in order: once a later one is there, an earlier one would be. */
async function settle(world: ProxyWorld): Promise<void> {
  const host = `settle-${settled++}--g.gyazo.example`;
  world.application.answerWith(() => 'HTTP/1.1 204 No Content\r\n\r\n');
  await world.visit({ host });
  await called(world.wake, host);
}
