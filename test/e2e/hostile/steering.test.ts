import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { exchange } from '../proxy/exchange.ts';
import { type ProxyWorld, startProxyWorld, until } from '../proxy/proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from '../proxy/sleeping-branch.ts';

/** Every place that the configuration has, by name, by address, and by what an address may look like. */
const PLACES = [
  ...['asleep', 'awake', 'rehold', 'again', 'page', 'down'].map((name) => `@${name}`),
  ...['touch', 'heartbeat', 'identity', ''].map((name) => `/.dormouse/internal/${name}`),
  '/.dormouse/internal/%69dentity',
  '/.dormouse/progress',
  '/.dormouse/health',
  '/throttle',
  '/touch',
  '/identity-token',
  '//127.0.0.1/hold',
  'http://127.0.0.1/hold',
  '',
];
const HEADERS = ['X-Accel-Redirect', 'x-accel-redirect', 'X-ACCEL-REDIRECT', 'X_Accel_Redirect'];
const OTHERS = [
  'X-Accel-Limit-Rate: 1',
  'X-Accel-Expires: 3600',
  'X-Accel-Charset: koi8-r',
  'X-Accel-Buffering: no',
];
const BODY = 'its own answer';

describeWith(['nginx'], 'X-Accel headers of an application', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world?.close());

  const answerOf = (status: string, place: string, name = HEADERS[0]) =>
    [`HTTP/1.1 ${status}`, `${name}: ${place}`, ...OTHERS, `Content-Length: ${BODY.length}`, '', BODY].join(
      '\r\n',
    );

  const cases = PLACES.flatMap((place) => HEADERS.map((name) => [name, place] as const));
  test.each(cases)('%s: %j leads nowhere', async (name, place) => {
    world.application.answerWith(() => answerOf('200 OK', place, name));
    const calls = world.wake.calls.filter(({ line }) => line !== 'GET /touch').length;
    const answer = await world.visit({ host: 'steering--g.gyazo.example' });
    expect(answer).toMatchObject({ status: 200, body: BODY });
    expect(answer.headers).not.toHaveProperty('x-identity');
    expect(world.wake.calls.filter(({ line }) => line !== 'GET /touch')).toHaveLength(calls);
  });

  test.each(['404 Not Found', '500 Oh', '502 Bad', '503 Busy', '504 Late', '301 Moved', '206 Part'])(
    'lead nowhere in an answer of %s',
    async (status) => {
      world.application.answerWith(() => answerOf(status, '/.dormouse/internal/identity'));
      const answer = await world.visit({ host: 'steering--g.gyazo.example', method: 'POST', body: 'order' });
      expect(answer).toMatchObject({ status: Number(status.slice(0, 3)), body: BODY });
      expect(answer.headers).not.toHaveProperty('x-identity');
    },
  );

  test.each([
    ['on a folded line', `X: y\r\n X-Accel-Redirect: ${PLACES[0]}`],
    ['with a blank before the colon', 'X-Accel-Redirect : /.dormouse/internal/identity'],
    ['twice', 'X-Accel-Redirect: @page\r\nX-Accel-Redirect: @down'],
  ])('lead nowhere %s, even if the answer is lost', async (_, lines) => {
    world.application.answerWith(() => `HTTP/1.1 200 OK\r\n${lines}\r\nContent-Length: 2\r\n\r\nok`);
    const calls = world.wake.callsOf('/hold').length + world.wake.callsOf('/page').length;
    const answer = await world.visit({ host: 'steering--g.gyazo.example' });
    expect([200, 502]).toContain(answer.status);
    expect(answer.headers).not.toHaveProperty('x-identity');
    expect(world.wake.callsOf('/hold').length + world.wake.callsOf('/page').length).toBe(calls);
  });

  test('lead nowhere in the answer to an upgrade, whose bytes pass untouched', async () => {
    const upgrade = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: upgrade'];
    const hello = 'X-Accel-Redirect: @page\r\n\r\n';
    world.application.answerWith(() =>
      [...upgrade, 'X-Accel-Redirect: @page', ...OTHERS, '', hello].join('\r\n'),
    );
    const request = ['GET /cable HTTP/1.1', 'Host: socket--g.gyazo.example', 'Upgrade: websocket'];
    const answer = await exchange(world.proxy.port, [...request, 'Connection: upgrade', '', ''].join('\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(hello);
    expect(answer).not.toMatch(/x-identity/i);
  });

  test.each(['awake', 'again'] as const)(
    'lead nowhere in the answer to an upgrade that woke its branch, by @%s',
    async (way) => {
      const branch = createSleepingBranch(world);
      branch.server.on('upgrade', (_, socket) => {
        socket.end(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX-Accel-Redirect: @down\r\n\r\nhi',
        );
      });
      wakeOnHold(world, branch, way);
      const socket = connect(world.proxy.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${branch.host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
      );
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhi$/);
    },
  );

  test('X-Accel-Limit-Rate does not slow an answer down, nor X-Accel-Expires keep it', async () => {
    let asked = 0;
    world.application.answerWith(() => {
      asked += 1;
      return answerOf('200 OK', '@page').replace(BODY, BODY.toUpperCase());
    });
    const startMs = performance.now();
    for (let n = 0; n < 3; n += 1) await world.visit({ host: 'steering--g.gyazo.example' });
    expect(performance.now() - startMs).toBeLessThan(10_000); // at 1 byte a second each takes 14 s
    await until(
      () => asked === 3,
      () => `${asked} of 3 came to the application`,
    );
  });
});
