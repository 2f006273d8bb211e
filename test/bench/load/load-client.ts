import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { quantile } from '../statistics.ts';

/**
 * Sends as many requests as are answered: each connection sends its next one when it has its answer. Raw sockets,
 * because an HTTP client would be what is measured. Reads a `Load` as JSON from each line of its standard input,
 * prints a `LoadResult` for each, and ends with its input.
 */
export type Load = {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** Ends earlier, once so many are answered. */
  readonly atMost?: number;
  /** Requests without a body, as they go over the wire, sent in turn. */
  readonly requests: readonly string[];
  /** Whatever comes instead counts as failed. */
  readonly status: number;
};

export type LoadResult = {
  readonly answered: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

type Run = {
  readonly load: Load;
  readonly latenciesMs: number[];
  readonly endMs: number;
  readonly statusLine: string;
  sent: number;
  failed: number;
};

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

async function run(load: Load): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load.port)));
  const startMs = performance.now();
  const state: Run = {
    load,
    latenciesMs: [],
    endMs: startMs + load.durationMs,
    statusLine: `HTTP/1.1 ${load.status} `,
    sent: 0,
    failed: 0,
  };
  await Promise.all(sockets.map((socket) => converse(state, socket)));
  const seconds = (performance.now() - startMs) / 1_000;
  const { latenciesMs, failed } = state;
  return {
    answered: latenciesMs.length,
    failed,
    perSecond: latenciesMs.length / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket.setEncoding('latin1');
}

/** One connection's requests and answers, until time is up or the other side closes. */
function converse(state: Run, socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = '';
  let sentMs = 0;
  const sendNext = () => {
    sentMs = performance.now();
    const isOver = sentMs >= state.endMs || state.sent >= (state.load.atMost ?? Number.POSITIVE_INFINITY);
    if (isOver) return void socket.destroy();
    socket.write(state.load.requests[state.sent % state.load.requests.length] ?? '', 'latin1');
    state.sent += 1;
  };
  socket.on('data', (chunk: string) => {
    received += chunk;
    if (!isWhole(received)) return;
    state.latenciesMs.push(performance.now() - sentMs);
    if (!received.startsWith(state.statusLine)) state.failed += 1;
    received = '';
    sendNext();
  });
  socket.on('end', () => {
    state.failed += 1; // nobody was to close it but this side
  });
  socket.on('error', () => undefined).on('close', () => resolve());
  sendNext();
  return promise;
}

/** An answer's end is known by its length; one that does not say its length has no body. */
function isWhole(received: string): boolean {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = Number(CONTENT_LENGTH.exec(received)?.[1] ?? 0);
  return received.length >= end + HEAD_END.length + length;
}

process.stdout.on('error', () => process.exit(1)); // nobody waits for the answer any more
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
