import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { describeWith } from '../../parts/part.ts';
import { exchange } from './exchange.ts';
import { type ProxyWorld, startProxyWorld, startProxyWorldForTest } from './proxy-world.ts';
import { ok } from './raw-application.ts';

const CRLF = '\r\n';

describeWith(['nginx'], 'an awake branch', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  test('the application receives the request line and the headers byte for byte', async () => {
    const line = 'PATCH /a%2Fb//c/./../d;p=1?x=%26&y=+%c3%A9&z HTTP/1.1';
    const headers = [
      'X-Forwarded-For: 203.0.113.9, 198.51.100.1',
      'X-Forwarded-Proto: https',
      'Cookie: a=1; b="2"',
      'cookie: c=3',
      'Range: bytes=0-99, -1',
      'Authorization: Bearer user-token',
      'x-MiXeD-CaSe: kept',
      'under_score: kept',
      'dotted.name: kept',
    ];
    const head = [line, 'Host: Bytes--G.gyazo.example:8080', ...headers, 'Connection: close'];
    await exchange(world.proxy.port, head.join(CRLF) + CRLF + CRLF);
    const [seenLine, ...seen] = lastHead(world).split(CRLF);
    expect(seenLine).toBe(line);
    expect(seen).toContain('Host: Bytes--G.gyazo.example:8080');
    const passed = seen.filter((header) => !/^(Host|Connection):/.test(header));
    expect(passed).toEqual(headers);
  });

  test('the visitor receives the status line, headers and body of the application', async () => {
    const headers = ['Server: puma', 'Date: Thu, 01 Jan 1970 00:00:00 GMT', 'Location: http://elsewhere/'];
    world.application.answerWith(() => ok('body', headers).replace('200 OK', '302 Found'));
    const answer = await world.visit({ host: 'answer--g.gyazo.example' });
    expect(answer).toMatchObject({
      status: 302,
      headers: { server: 'puma', date: 'Thu, 01 Jan 1970 00:00:00 GMT', location: 'http://elsewhere/' },
      body: 'body',
    });
  });

  test('cookies of 16 KiB pass in both directions', async () => {
    const cookie = `big=${'c'.repeat(16_384)}`;
    world.application.answerWith(() => ok('ok', [`Set-Cookie: ${cookie}`]));
    const answer = await world.visit({ host: 'cookie--g.gyazo.example', headers: { cookie } });
    expect(answer.headers['set-cookie']).toEqual([cookie]);
    expect(lastHead(world).toLowerCase()).toContain(`cookie: ${cookie}`);
  });

  test.each([502, 503, 504])("an application's own %i passes untouched", async (status) => {
    world.application.answerWith(() => ok('mine', ['X-Mine: 1']).replace('200 OK', `${status} Mine`));
    const answer = await world.visit({ host: 'own--g.gyazo.example', headers: { accept: 'text/html' } });
    expect(answer).toMatchObject({ status, headers: { 'x-mine': '1' }, body: 'mine' });
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  test('an application that drops a request gets it once, and the visitor a 502', async () => {
    world.application.answerWith(() => 'drop');
    const before = world.application.heads.length;
    const answer = await world.visit({ host: 'drop--g.gyazo.example', method: 'POST', body: 'order' });
    expect(answer.status).toBe(502);
    expect(answer.body).toContain('not repeated');
    expect(world.application.heads.length - before).toBe(1);
  });

  test('a request that one pod dropped is not given to another', async () => {
    world.application.answerWith(() => 'drop');
    const before = world.application.heads.length;
    expect(await world.visit({ host: 'two-pods--g.gyazo.example' })).toMatchObject({ status: 502 });
    expect(world.application.heads.length - before).toBe(1);
  });

  test.each(['gyazo.example', 'branch.gyazo.example', 'a--g', '--g.gyazo.example', 'a--g2.gyazo.example'])(
    'the host %s is no branch and gets 404',
    async (host) => {
      const before = world.application.heads.length;
      expect(await world.visit({ host })).toMatchObject({ status: 404 });
      expect(world.application.heads.length).toBe(before);
    },
  );
});

describeWith(['nginx'], 'an awake branch with an application that is slow or upgrades', () => {
  test('an application that stays silent gets the request once, and the visitor a 504', async () => {
    const world = await startProxyWorldForTest({ variables: { application_timeout: '300ms' } });
    world.application.answerWith(() => 'silence');
    const answer = await world.visit({ host: 'silent--g.gyazo.example', method: 'POST', body: 'order' });
    expect(answer).toMatchObject({ status: 504, body: expect.stringContaining('not repeated') });
    expect(world.application.heads).toHaveLength(1);
  });

  test('a WebSocket upgrade passes, with its protocol and its frames', async () => {
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(sockets, 'listening');
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
    const { port } = sockets.address() as { port: number };
    const world = await startProxyWorldForTest({
      variables: { service_domain: `staging.svc.cluster.local:${port}` },
    });
    const headers = { host: 'socket--g.gyazo.example' };
    const socket = new WebSocket(`ws://127.0.0.1:${world.proxy.port}/cable`, 'actioncable-v1-json', {
      headers,
    });
    await once(socket, 'open');
    socket.send('hello');
    const [data] = await once(socket, 'message');
    expect([socket.protocol, String(data)]).toEqual(['actioncable-v1-json', 'echo hello']);
    socket.terminate();
    sockets.close();
  });
});

function lastHead(world: ProxyWorld): string {
  return world.application.heads.at(-1) ?? '';
}
