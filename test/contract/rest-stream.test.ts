import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createRestTransport,
  type RestStreamRequest,
  type RestTransport,
  type RestTransportOptions,
  TransportError,
} from '../../shared/adapters/rest/rest-transport.ts';

const POLL = { timeout: 5_000, interval: 5 };
const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0)) await clean();
});

type Setup = {
  readonly transport: RestTransport;
  /** Answers that have not ended, in the order in which they were asked for. */
  readonly open: ReadonlySet<ServerResponse>;
  readonly credentials: readonly (string | undefined)[];
};

/** A server that answers as `react` does, to each request with its number, from 1. */
async function setUp(
  react: (response: ServerResponse, number: number) => void,
  options: Partial<RestTransportOptions> = {},
): Promise<Setup> {
  const open = new Set<ServerResponse>();
  const credentials: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    react(response, credentials.push(request.headers.authorization));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = createRestTransport({
    baseUrl,
    authorize: async () => ({}),
    now: Date.now,
    random: Math.random,
    ...options,
  });
  cleanUp.push(transport.close, async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { transport, open, credentials };
}

function watch(shape: Partial<RestStreamRequest> = {}): RestStreamRequest {
  const { signal } = new AbortController();
  return { method: 'GET', path: '/things', signal, maxSilenceMs: 60_000, ...shape };
}

const linesOf = async (transport: RestTransport, shape: Partial<RestStreamRequest> = {}) =>
  collect((await transport.stream(watch(shape))).lines);

async function collect(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

const beginWith = (text: string) => (response: ServerResponse) => void response.write(text);

describe('rest transport, streams', () => {
  test('stream tells lines as they come, long after the time for an answer', async () => {
    const { transport, open } = await setUp(beginWith('one\ntw'), { timeoutMs: 100 });
    const { status, body, lines } = await transport.stream(watch());
    expect({ status, body }).toEqual({ status: 200, body: '' });
    const reader = lines[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 'one' });
    const second = reader.next();
    setTimeout(() => [...open][0]?.end('o\n'), 200);
    expect(await second).toEqual({ done: false, value: 'two' });
    expect(await reader.next()).toMatchObject({ done: true });
  });

  test('stream gives back another status with its body, and without lines', async () => {
    const { transport } = await setUp((response) => void response.writeHead(410).end('gone\n'));
    const { status, body, lines } = await transport.stream(watch());
    expect({ status, body }).toEqual({ status: 410, body: 'gone\n' });
    expect(await collect(lines)).toEqual([]);
  });

  test('stream renews credentials that were refused, once', async () => {
    const refuse = (times: number) => (response: ServerResponse, number: number) =>
      void response.writeHead(number > times ? 200 : 401).end('line\n');
    const options = {
      authorize: async ({ renew }: { renew: boolean }) => ({ authorization: String(renew) }),
    };
    const renewed = await setUp(refuse(1), options);
    expect(await linesOf(renewed.transport)).toEqual(['line']);
    expect(renewed.credentials).toEqual(['false', 'true']);
    const refused = await setUp(refuse(2), options);
    expect(await refused.transport.stream(watch())).toMatchObject({ status: 401 });
    expect(refused.credentials).toEqual(['false', 'true']);
  });

  test('stream rejects when no answer begins in time, and tries no second time', async () => {
    const { transport, credentials, open } = await setUp(() => {});
    await expect(transport.stream(watch({ timeoutMs: 100 }))).rejects.toBeInstanceOf(TransportError);
    expect(credentials.length).toBe(1);
    await expect.poll(() => open.size, POLL).toBe(0);
  });

  test('streams leave calls their connections, however many there are', async () => {
    const { transport } = await setUp((response, number) => {
      if (number > 40) response.end('{}');
      else response.write('open\n');
    });
    await Promise.all(Array.from({ length: 40 }, () => transport.stream(watch())));
    expect(await transport.send({ method: 'GET', path: '/things', timeoutMs: 2_000 })).toMatchObject({
      status: 200,
    });
  });
});

describe('rest transport, ends of streams', () => {
  test('a stream whose connection breaks ends without a word, and without half a line', async () => {
    const { transport } = await setUp((response) => {
      response.write('whole\nhalf', () => response.destroy());
    });
    expect(await linesOf(transport)).toEqual(['whole']);
  });

  test('a stream that is silent for too long ends', async () => {
    const { transport, open } = await setUp(beginWith('line\n'));
    expect(await linesOf(transport, { maxSilenceMs: 100 })).toEqual(['line']);
    await expect.poll(() => open.size, POLL).toBe(0);
  });

  test('a stream that is aborted ends at once, and its connection is closed', async () => {
    const { transport, open } = await setUp(beginWith('line\n'));
    const aborting = new AbortController();
    const { lines } = await transport.stream(watch({ signal: aborting.signal }));
    const told: string[] = [];
    for await (const line of lines) {
      told.push(line);
      aborting.abort();
    }
    expect(told).toEqual(['line']);
    await expect.poll(() => open.size, POLL).toBe(0);
  });

  test('a stream that is aborted before its answer begins rejects, and its connection is closed', async () => {
    const { transport, open } = await setUp(() => {});
    const aborting = new AbortController();
    const streamed = transport.stream(watch({ signal: aborting.signal }));
    await expect.poll(() => open.size, POLL).toBe(1);
    aborting.abort();
    await expect(streamed).rejects.toBeInstanceOf(TransportError);
    await expect.poll(() => open.size, POLL).toBe(0);
    await expect(transport.stream(watch({ signal: aborting.signal }))).rejects.toThrow(/abort/);
  });

  test('a stream that nobody reads on is closed', async () => {
    const { transport, open } = await setUp(beginWith('one\ntwo\n'));
    for await (const line of (await transport.stream(watch())).lines) {
      expect(line).toBe('one');
      break;
    }
    await expect.poll(() => open.size, POLL).toBe(0);
  });

  test('a stream with a line that is too long rejects, and is closed', async () => {
    const { transport, open } = await setUp(beginWith('x'.repeat(5 * 1_024 * 1_024)));
    await expect(linesOf(transport)).rejects.toThrow(/a line of the answer is longer than \d+ bytes/);
    await expect.poll(() => open.size, POLL).toBe(0);
  });

  test('close ends streams', async () => {
    const { transport, open } = await setUp(beginWith('line\n'));
    const { lines } = await transport.stream(watch());
    const collected = collect(lines);
    transport.close();
    await collected;
    await expect.poll(() => open.size, POLL).toBe(0);
  });
});
