import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import WebSocket from 'ws';

/** One request to a branch. */
export type Sending = {
  readonly method?: string;
  readonly path?: string;
  /** As they are sent, beside `Host`. A `Content-Length` is added for a body, unless it is sent in chunks. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
  readonly isChunked?: boolean;
  readonly signal?: AbortSignal;
};

export type Answer = {
  readonly status: number;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Whether the body came in one go, or over more than a moment. */
  readonly isSpread: boolean;
};

const CHUNK = Buffer.alloc(65_536, 'no request is lost. ');
const MOMENT_MS = 200;
const PATIENCE_MS = 120_000;

/** The hash of a body of this length. */
export function sha256OfBody(bytes: number): string {
  const hash = createHash('sha256');
  for (const chunk of chunksOf(bytes)) hash.update(chunk);
  return hash.digest('hex');
}

/** Sends one request on a connection of its own. With `Expect: 100-continue` the body waits for the go-ahead. */
export async function send(port: number, host: string, sending: Sending = {}): Promise<Answer> {
  const { method = 'GET', path = '/', bodyBytes, isChunked = false, signal } = sending;
  const length = bodyBytes === undefined || isChunked ? {} : { 'Content-Length': String(bodyBytes) };
  const headers = { Host: host, ...sending.headers, ...length };
  const options = { host: '127.0.0.1', port, agent: false, method, path, headers };
  const request = http.request({ ...options, signal: signal ?? AbortSignal.timeout(PATIENCE_MS) });
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
  const isWaiting = sending.headers?.Expect !== undefined;
  if (isWaiting) {
    request.flushHeaders();
    await Promise.race([once(request, 'continue'), answered]);
  }
  Readable.from(chunksOf(bodyBytes ?? 0)).pipe(request);
  const [response] = await answered;
  return readAnswer(response);
}

async function readAnswer(response: http.IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, rawHeaders, headers } = response;
  const chunks: Buffer[] = [];
  const startedMs = performance.now();
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const isSpread = performance.now() - startedMs > MOMENT_MS;
  return { status, rawHeaders, headers, body: Buffer.concat(chunks).toString(), isSpread };
}

/** Opens a WebSocket, sends a text and returns what comes back. */
export async function echo(port: number, host: string, text: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/cable`, { headers: { Host: host } });
  await once(socket, 'open');
  socket.send(text);
  const [data] = await once(socket, 'message');
  socket.close();
  return String(data);
}

function* chunksOf(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}
