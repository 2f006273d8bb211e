import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FaultyLink, startFaultyLink } from '../../world/faulty-link/faulty-link.ts';

const SHORT_MS = 100;
const AGES_MS = 700;

describe('a faulty link', () => {
  const arrived: string[] = [];
  const target = http.createServer(async (request, response) => {
    arrived.push(`${request.method} ${request.url} ${await text(request)}`);
    response.write('begun, ');
    setTimeout(() => response.end('ended'), SHORT_MS);
  });
  let link: FaultyLink;

  beforeAll(async () => {
    await once(target.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => void target.close());
  beforeEach(async () => {
    arrived.splice(0);
    link = await startFaultyLink({ url: `http://127.0.0.1:${(target.address() as AddressInfo).port}` });
  });
  afterEach(() => link.close());

  const ask = async (path = '/', signal?: AbortSignal) => {
    const init = { method: 'POST', body: 'body', ...(signal === undefined ? {} : { signal }) };
    const answer = await fetch(link.url + path, init);
    return `${answer.status} ${await answer.text()}`;
  };
  const patience = () => AbortSignal.timeout(AGES_MS);

  test('forwards what comes and sees its status', async () => {
    expect(await ask('/a?b=c')).toBe('200 begun, ended');
    expect(arrived).toEqual(['POST /a?b=c body']);
    expect(link.requests).toEqual([{ method: 'POST', url: '/a?b=c', status: 200 }]);
  });

  test('spoils only the calls that match, as often as it is told', async () => {
    const fault = link.add({ matches: ({ url }) => url === '/bad', times: 1, effect: { status: 503 } });
    expect(await ask('/good')).toContain('200');
    expect(await ask('/bad')).toContain('503');
    expect(await ask('/bad')).toContain('200');
    expect(fault.met()).toBe(1);
  });

  test('refuses with a status and a pause', async () => {
    link.add({ effect: { status: 429, retryAfterSeconds: 5 } });
    const answer = await fetch(link.url);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '5']);
    expect(arrived).toEqual([]);
  });

  test.each([
    ['before', []],
    ['after', ['POST / body']],
  ] as const)('cuts a call %s it took effect', async (cut, effects) => {
    link.add({ effect: { cut } });
    await expect(ask()).rejects.toThrow();
    expect(arrived).toEqual(effects);
  });

  test.each([
    ['before', []],
    ['after', ['POST / body']],
  ] as const)('is silent %s a call took effect', async (silent, effects) => {
    link.add({ effect: { silent } });
    await expect(ask('/', patience())).rejects.toThrow('timeout');
    expect(arrived).toEqual(effects);
  });

  test('lets an answer begin and fall silent', async () => {
    link.add({ effect: { silent: 'stream' } });
    const answer = await fetch(link.url, { signal: patience() });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('timeout');
  });

  test('cuts an answer after a time', async () => {
    link.add({ effect: { cutAfterMs: SHORT_MS / 2 } });
    const answer = await fetch(link.url);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  test('delivers a write late though its caller has left', async () => {
    link.add({ effect: { delayMs: 2 * SHORT_MS } });
    await expect(ask('/', AbortSignal.timeout(SHORT_MS))).rejects.toThrow('timeout');
    expect(arrived).toEqual([]);
    await expect.poll(() => arrived).toEqual(['POST / body']);
  });

  test('delays and throttles an answer', async () => {
    const startedMs = performance.now();
    link.add({ times: 1, effect: { delayMs: 2 * SHORT_MS, when: 'after' } });
    link.add({ effect: { bytesPerSecond: 24 } });
    expect(await ask()).toContain('ended');
    expect(performance.now() - startedMs).toBeGreaterThan(2 * SHORT_MS);
    expect(await ask()).toContain('ended');
    expect(performance.now() - startedMs).toBeGreaterThan(2 * SHORT_MS + 500); // "begun, ended" is half a second's
  });

  test('breaks what is open when it is cut, and leads elsewhere when it is told', async () => {
    link.add({ times: 1, effect: { silent: 'before' } });
    const asked = ask();
    await expect.poll(link.busyConnections).toBe(1);
    link.retarget({ url: 'http://127.0.0.1:9' });
    await expect(asked).rejects.toThrow();
    await expect(ask()).rejects.toThrow();
  });
});
