import { afterEach, describe, expect, test } from 'vitest';
import {
  type Authorize,
  createRestTransport,
  type RestTransport,
  type RestTransportOptions,
  TransportError,
} from '../../shared/adapters/rest/rest-transport.ts';
import { type Reaction, type ScriptedServer, startScriptedServer } from '../world/scripted-server.ts';

type Setup = { server: ScriptedServer; transport: RestTransport; sleptMs: number[] };

const GET = { method: 'GET', path: '/things' };
const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0)) await clean();
});

/** Sleeps are recorded, not slept. The script's last reaction goes on for ever. */
async function setUp(
  script: readonly Reaction[],
  options: Partial<RestTransportOptions> = {},
): Promise<Setup> {
  const server = await startScriptedServer((_, number) => script[Math.min(number, script.length) - 1] ?? {});
  const sleptMs: number[] = [];
  const transport = createRestTransport({
    baseUrl: server.url,
    authorize: async () => ({}),
    now: Date.now,
    random: () => 0.5,
    sleep: async (ms) => void sleptMs.push(ms),
    ...options,
  });
  cleanUp.push(transport.close, server.close);
  return { server, transport, sleptMs };
}

describe('rest transport, requests', () => {
  test('send puts base path, query, body, content type and credentials on the wire', async () => {
    const { server, transport } = await setUp([{}]);
    const { url } = server;
    const authorize: Authorize = async () => ({ authorization: 'Bearer t' });
    const based = createRestTransport({
      baseUrl: `${url}/v1/`,
      authorize,
      now: Date.now,
      random: Math.random,
    });
    cleanUp.push(based.close, transport.close);
    const query = { a: 'x&y', many: ['1', '2'] };
    await based.send({
      method: 'PATCH',
      path: '/b%2Fc',
      query,
      body: '{"ü":1}',
      contentType: 'application/x+json',
    });
    const [request] = server.arrived;
    expect(request).toMatchObject({
      method: 'PATCH',
      body: '{"ü":1}',
      url: '/v1/b%2Fc?a=x%26y&many=1&many=2',
    });
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer t',
      'content-type': 'application/x+json',
      'content-length': '8',
      'user-agent': 'dormouse',
    });
  });

  test('send frames the body of a DELETE, which Node does not by itself', async () => {
    const { server, transport } = await setUp([{}]);
    const body = '{"preconditions":{"uid":"ü"}}';
    await transport.send({ method: 'DELETE', path: '/things/1', body });
    await transport.send(GET);
    expect(server.arrived.map(({ method, body: arrived }) => [method, arrived])).toEqual([
      ['DELETE', body],
      ['GET', ''],
    ]);
  });

  test('send gives back status, headers and body of any answer', async () => {
    const { transport } = await setUp([
      { status: 409, headers: { 'X-Thing': 'y' }, body: 'ä'.repeat(100_000) },
    ]);
    const answer = await transport.send(GET);
    expect(answer).toMatchObject({ status: 409, headers: { 'x-thing': 'y' } });
    expect(answer.body).toBe('ä'.repeat(100_000));
  });

  test('send uses one connection for many calls, one after the other', async () => {
    const { server, transport } = await setUp([{}]);
    for (let call = 0; call < 20; call++) await transport.send(GET);
    expect(server.arrived.map(({ connection }) => connection)).toEqual(Array(20).fill(1));
  });
});

describe('rest transport, retries', () => {
  test.for<[string, Reaction]>([
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['502', { status: 502 }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
    ['a connection cut before the answer', 'cut'],
    ['a connection cut in the middle of the answer', 'cut-in-the-middle'],
  ])('send tries again after %s', async ([, reaction]) => {
    const { server, transport, sleptMs } = await setUp([reaction, reaction, { body: 'well' }]);
    expect(await transport.send(GET)).toMatchObject({ status: 200, body: 'well' });
    expect(server.arrived.length).toBe(3);
    expect(sleptMs).toEqual([50, 100]);
  });

  test.for([400, 403, 404, 409, 410, 422])('send does not try again after %i', async (status) => {
    const { server, transport } = await setUp([{ status }]);
    expect((await transport.send(GET)).status).toBe(status);
    expect(server.arrived.length).toBe(1);
  });

  test('send gives the last answer back after five attempts', async () => {
    const { server, transport } = await setUp([{ status: 503, body: 'still ill' }]);
    expect(await transport.send(GET)).toMatchObject({ status: 503, body: 'still ill' });
    expect(server.arrived.length).toBe(5);
  });

  test('send sends a body again, whole', async () => {
    const { server, transport } = await setUp([{ status: 503 }, {}]);
    await transport.send({ method: 'POST', path: '/', body: 'x'.repeat(200_000) });
    expect(server.arrived.map(({ body }) => body.length)).toEqual([200_000, 200_000]);
  });

  test('send waits as long as Retry-After says, in seconds or until a date', async () => {
    const nowMs = Date.UTC(2026, 0, 1);
    const date = new Date(nowMs + 4_000).toUTCString();
    const limited = (wish: string) => ({ status: 429, headers: { 'retry-after': wish } });
    const { transport, sleptMs } = await setUp([limited('2'), limited(date), {}], { now: () => nowMs });
    expect((await transport.send(GET)).status).toBe(200);
    expect(sleptMs).toEqual([2_050, 4_100]);
  });

  test('send gives a 429 back at once when Retry-After goes past the deadline', async () => {
    const { server, transport, sleptMs } = await setUp([{ status: 429, headers: { 'retry-after': '11' } }]);
    expect((await transport.send(GET)).status).toBe(429);
    expect(server.arrived.length).toBe(1);
    expect(sleptMs).toEqual([]);
  });
});

describe('rest transport, credentials', () => {
  const recordRenewals = () => {
    const renewals: boolean[] = [];
    const authorize: Authorize = async ({ renew }) => {
      renewals.push(renew);
      return { authorization: `Bearer ${renewals.length}` };
    };
    return { renewals, authorize };
  };

  test('send renews its credentials once on 401, without waiting', async () => {
    const { renewals, authorize } = recordRenewals();
    const { server, transport, sleptMs } = await setUp([{ status: 401 }, {}], { authorize });
    expect((await transport.send(GET)).status).toBe(200);
    expect(renewals).toEqual([false, true]);
    expect(server.arrived.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 2']);
    expect(sleptMs).toEqual([]);
  });

  test('send gives a 401 back when renewed credentials are refused as well', async () => {
    const { renewals, authorize } = recordRenewals();
    const { transport } = await setUp([{ status: 401 }], { authorize });
    expect((await transport.send(GET)).status).toBe(401);
    expect(renewals).toEqual([false, true]);
  });

  test('send rejects with the cause when there are no credentials', async () => {
    const cause = new Error('metadata server is down');
    const { server, transport } = await setUp([{}], { authorize: () => Promise.reject(cause) });
    await expect(transport.send(GET)).rejects.toMatchObject({ name: 'TransportError', cause });
    expect(server.arrived.length).toBe(0);
  });

  test('send does not wait past the deadline for credentials', async () => {
    const { transport } = await setUp([{}], { authorize: () => new Promise(() => {}), timeoutMs: 100 });
    await expect(transport.send(GET)).rejects.toThrow('no credentials in time');
  });
});

describe('rest transport, limits', () => {
  test('send rejects when no answer comes in time', async () => {
    const { transport } = await setUp(['hang']);
    const startedMs = performance.now();
    const sent = transport.send({ ...GET, timeoutMs: 200 });
    await expect(sent).rejects.toBeInstanceOf(TransportError);
    await expect(sent).rejects.toThrow(/GET 127\.0\.0\.1:\d+\/things: no answer within \d+ ms/);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test('send rejects when the answer begins in time and does not end', async () => {
    const { transport } = await setUp([{ headers: { 'content-length': '100' }, body: 'half' }]);
    await expect(transport.send({ ...GET, timeoutMs: 200 })).rejects.toBeInstanceOf(TransportError);
  });

  test('send opens a new connection, in time, when the one that lay idle is dead without a word', async () => {
    const { server, transport } = await setUp([{}, 'hang', { body: 'alive' }], { idleAfterMs: -1 });
    await transport.send(GET);
    expect(await transport.send({ ...GET, timeoutMs: 1_000 })).toMatchObject({ body: 'alive' });
    expect(server.arrived.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  test('send gives a connection that spoke just now the whole time', async () => {
    const { server, transport } = await setUp([{}, 'hang']);
    await transport.send(GET);
    const slow = transport.send({ ...GET, timeoutMs: 400 });
    await expect(slow).rejects.toThrow(/no answer within/);
    expect(server.arrived.length).toBe(2);
  });

  test('send drops every idle connection when one of them turns out dead', async () => {
    const { server, transport } = await setUp([{}, {}, {}, 'cut', {}]);
    await Promise.all([transport.send(GET), transport.send(GET), transport.send(GET)]);
    await transport.send(GET);
    const connections = server.arrived.map(({ connection }) => connection);
    expect(new Set(connections.slice(0, 3)).size).toBe(3);
    expect(connections.at(-1)).toBe(4);
  });

  test('send refuses an answer that is too long, and does not ask for it again', async () => {
    const options = { maxAnswerBytes: 1_000 };
    const { transport } = await setUp([{ body: 'x'.repeat(1_000) }], options);
    expect((await transport.send(GET)).body.length).toBe(1_000);
    const long = await setUp([{ body: 'x'.repeat(1_001) }], options);
    await expect(long.transport.send(GET)).rejects.toThrow('longer than 1000 bytes');
    expect(long.server.arrived.length).toBe(1);
  });

  test('send rejects with a cause and the address when nobody listens', async () => {
    const { server, transport, sleptMs } = await setUp([{}]);
    await server.close();
    cleanUp.pop();
    await expect(transport.send(GET)).rejects.toMatchObject({
      name: 'TransportError',
      cause: expect.any(Error),
    });
    await expect(transport.send(GET)).rejects.toThrow(/127\.0\.0\.1:\d+\/things: .*ECONNREFUSED/);
    expect(sleptMs.length).toBe(8);
  });

  test('close ends calls that are open, and they do not begin anew', async () => {
    const { server, transport } = await setUp(['hang']);
    const sent = transport.send(GET);
    await expect.poll(() => server.arrived.length).toBe(1);
    transport.close();
    await expect(sent).rejects.toBeInstanceOf(TransportError);
    expect(server.arrived.length).toBe(1);
  });
});
