import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { Visit } from './exchange.ts';
import { called, type ProxyWorld, startProxyWorld, until } from './proxy-world.ts';
import { startSocketWorldForTest } from './socket-application.ts';

const UPGRADE = { connection: 'Upgrade, close', 'sec-websocket-version': '13' };
const SCRIPT = { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' };

const IN_THE_BACKGROUND = {
  'an upgrade to websocket': { ...UPGRADE, upgrade: 'websocket' },
  'an upgrade to WebSocket, in any case': { ...UPGRADE, upgrade: 'WebSocket' },
  "a page's script": SCRIPT,
} as const;

const ORDINARY = {
  'an upgrade to h2c': { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': '' },
  'an upgrade to a choice that has websocket in it': { ...UPGRADE, upgrade: 'h2c, websocket' },
  'a webhook, curl or CI, which mark nothing': { 'user-agent': 'curl/8.0' },
  'a navigation that a service worker fetches': { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'navigate' },
  'an image': { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
  'a script that says whom it is for': { ...SCRIPT, 'x-dormouse-wake': '1' },
} as const;

describeWith(['nginx'], 'a touch of a page that is open', () => {
  let world: ProxyWorld;
  let hosts = 0;
  const newHost = () => `background-${hosts++}--g.gyazo.example`;
  const touchesOf = (host: string) => world.wake.callsOf('/touch', host);
  const kindsOf = (host: string) => touchesOf(host).map((call) => call.headers.get('x-dormouse-background'));

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  async function touchBy(request: Omit<Visit, 'host'>): Promise<readonly (string | undefined)[]> {
    const host = newHost();
    await world.visit({ host, ...request });
    await called(world.wake, host);
    return kindsOf(host);
  }

  test.each(Object.entries(IN_THE_BACKGROUND))('of %s is in the background', async (_, headers) => {
    expect(await touchBy({ headers })).toEqual(['1']);
  });

  test.each(Object.entries(ORDINARY))('of %s is an ordinary one', async (_, headers) => {
    expect(await touchBy({ headers })).toEqual([undefined]);
  });

  test('a page and the upgrade that follows it within a moment both arrive', async () => {
    const host = newHost();
    await world.visit({ host, headers: { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' } });
    await delay(200);
    await world.visit({ host, headers: { ...UPGRADE, upgrade: 'websocket' } });
    await until(
      () => touchesOf(host).length >= 2,
      () => `only ${touchesOf(host).length} touch arrived`,
    );
    expect(kindsOf(host)).toEqual([undefined, '1']);
  });

  test('a poll does not use up what is a visit’s, nor a visit what is a poll’s', async () => {
    const host = newHost();
    for (let n = 0; n < 20; n++) await world.visit({ host, headers: SCRIPT });
    await world.visit({ host });
    for (let n = 0; n < 20; n++) await world.visit({ host, headers: SCRIPT });
    await until(
      () => touchesOf(host).length >= 2,
      () => `only ${touchesOf(host).length} touch arrived`,
    );
    expect(kindsOf(host).sort()).toEqual(['1', undefined]);
  });

  test('a held request tells the function that it is in the background', async () => {
    const host = 'refused-script--g.gyazo.example';
    await world.visit({ host, headers: SCRIPT });
    await world.visit({ host });
    const held = world.wake.callsOf('/hold', host).map((call) => call.headers.get('x-dormouse-background'));
    expect(held).toEqual(['1', undefined]);
  });

  test('a visitor cannot say that it is in the background', async () => {
    expect(await touchBy({ headers: { 'x-dormouse-background': '1' } })).toEqual([undefined]);
  });
});

describeWith(['nginx'], 'a touch of sockets', () => {
  test('arrives once, however many open at once', async () => {
    const world = await startSocketWorldForTest();
    await Promise.all(Array.from({ length: 10 }, () => world.openSocket('many--g')));
    await called(world.wake, 'many--g.gyazo.example');
    await world.openSocket('later--g');
    await called(world.wake, 'later--g.gyazo.example');
    expect(world.wake.hosts()).toEqual(['many--g.gyazo.example', 'later--g.gyazo.example']);
  });
});
