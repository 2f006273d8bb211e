import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { describeWith } from '../../parts/part.ts';
import { exchange, type Visit } from './exchange.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from './sleeping-branch.ts';

const MIB = 1_048_576;
const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json' };

const REQUESTS: Record<string, Omit<Visit, 'host'>> = {
  'a GET': { path: '/a?b=c', headers: { accept: '*/*' } },
  'curl without Accept': {},
  'a POST without a body': { method: 'POST', headers: { 'content-length': '0' } },
  'a POST of 1 MiB': { method: 'POST', body: Buffer.alloc(MIB, 'dormouse') },
  'a POST of 100 MiB': { method: 'POST', body: Buffer.alloc(100 * MIB, 'dormouse') },
  'a chunked POST': { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'chunks' },
  'a PUT': { method: 'PUT', body: 'put' },
  'a DELETE with a body': { method: 'DELETE', headers: { 'content-length': '4' }, body: 'gone' },
  'a preflight': { method: 'OPTIONS', headers: { origin: 'http://a.test' } },
  'a fetch of JSON': { method: 'POST', headers: JSON_HEADERS, body: '{"order":1}' },
};

/** What the function says the first time that it is asked for a branch; `awake` the second time. */
const WAYS = ['awake', 'again'] as const;

describeWith(['nginx'], 'a request to a branch that is asleep', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  const cases = WAYS.flatMap((way) => Object.entries(REQUESTS).map((entry) => [way, ...entry] as const));
  test.each(cases)('by @%s, %s reaches the application once and whole', async (way, _, request) => {
    const branch = createSleepingBranch(world);
    wakeOnHold(world, branch, way);
    const answer = await world.visit({ host: branch.host, ...request });
    const body = Buffer.from(request.body ?? '');
    expect(answer).toMatchObject({ status: 200, headers: { 'x-application': 'yes' }, body: sha256(body) });
    const line = `${request.method ?? 'GET'} ${request.path ?? '/'}`;
    expect(branch.deliveries).toEqual([
      { line, bytes: body.length, sha256: sha256(body), headers: expect.anything() },
    ]);
  });

  test.each(WAYS)('by @%s, a HEAD gets the headers alone', async (way) => {
    const branch = createSleepingBranch(world);
    wakeOnHold(world, branch, way);
    const answer = await world.visit({ host: branch.host, method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, headers: { 'x-application': 'yes' }, body: '' });
    expect(branch.deliveries).toMatchObject([{ line: 'HEAD /' }]);
  });

  test.each(WAYS)('by @%s, a PUT that waits for 100 Continue is told to go on, and arrives', async (way) => {
    const branch = createSleepingBranch(world);
    wakeOnHold(world, branch, way);
    const headers = { host: branch.host, expect: '100-continue', 'content-length': '3' };
    const sent = openRequest({ host: '127.0.0.1', port: world.proxy.port, method: 'PUT', headers });
    sent.flushHeaders();
    await once(sent, 'continue');
    sent.end('put');
    const [response] = await once(sent, 'response');
    expect(response.resume().statusCode).toBe(200);
    expect(branch.deliveries).toMatchObject([{ line: 'PUT /', bytes: 3 }]);
  });

  test.each(WAYS)('by @%s, a WebSocket opens and echoes', async (way) => {
    const branch = createSleepingBranch(world);
    const sockets = new WebSocketServer({ server: branch.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
    wakeOnHold(world, branch, way);
    const url = `ws://127.0.0.1:${world.proxy.port}/cable`;
    const socket = new WebSocket(url, 'actioncable-v1-json', { headers: { host: branch.host } });
    await once(socket, 'open');
    socket.send('hello');
    const [data] = await once(socket, 'message');
    expect([socket.protocol, String(data)]).toEqual(['actioncable-v1-json', 'echo hello']);
    socket.terminate();
  });

  test.each(WAYS)('by @%s, server-sent events arrive one by one', async (way) => {
    const branch = createSleepingBranch(world, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      response.write('data: 1\n\n');
    });
    wakeOnHold(world, branch, way);
    const sent = openRequest({
      host: '127.0.0.1',
      port: world.proxy.port,
      headers: { host: branch.host },
      agent: false,
    });
    const [response] = await once(sent.end(), 'response');
    const [event] = await once(response, 'data');
    expect(String(event)).toBe('data: 1\n\n');
    sent.destroy();
  });

  test('the application sees the same request line and headers on the warm path, by @awake and by @again', async () => {
    const headers = [
      'X-Forwarded-For: 203.0.113.9, 198.51.100.1',
      'Cookie: a=1; b="2"',
      'cookie: c=3',
      'Range: bytes=0-99, -1',
      'Authorization: Bearer user-token',
      'x-MiXeD-CaSe: kept',
      'under_score: kept',
      'X-Dormouse-Host: forged',
    ];
    for (const way of WAYS) {
      const branch = createSleepingBranch(world);
      wakeOnHold(world, branch, way);
      const host = branch.host.replace('asleep', 'Asleep');
      const head = ['GET /a%2Fb//c/./../d;p?x=%26 HTTP/1.1', `Host: ${host}:80`, ...headers];
      const bytes = [...head, 'X-Dormouse-Waited: 99', 'X-Dormouse-Round: 5', 'Connection: close', '', ''];
      await exchange(world.proxy.port, bytes.join('\r\n'));
      await exchange(world.proxy.port, bytes.join('\r\n'));
      const [held, warm] = branch.deliveries;
      expect(held).toEqual(warm);
      expect(held?.line).toBe('GET /a%2Fb//c/./../d;p?x=%26');
      const seen = held?.headers.filter((header) => !header.startsWith('Connection:'));
      expect(seen).toEqual([`Host: ${host}:80`, ...headers]);
    }
  });
});

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
