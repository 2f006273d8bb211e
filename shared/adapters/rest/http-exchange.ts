import { once } from 'node:events';
import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Socket } from 'node:net';

export type HttpRequest = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
};

export type HttpAnswer = {
  readonly status: number;
  /** Names in lower case; a repeated header is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type ExchangeLimits = {
  readonly agent: Agent;
  /** Until the last byte of the answer. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** A kept connection that was silent for longer may be dead without a word. */
  readonly idleAfterMs: number;
};

/** The answer is longer than we are ready to hold: asking again will not help. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** Of the time for an answer, what a connection that lay idle gets to begin with one. */
const IDLE_CONNECTION_SHARE = 0.5;

/** When each kept connection last spoke. */
const heardMs = new WeakMap<Socket, number>();

/** An answer that has begun: its status and headers are here, its body comes yet. */
export type OpenAnswer = {
  readonly response: IncomingMessage;
  /** Reads the rest. @throws AnswerTooLargeError, or Error when the connection fails or the time is over */
  readonly readWhole: () => Promise<HttpAnswer>;
};

/**
 * Sends one request and reads its whole answer, whatever its status.
 *
 * @throws AnswerTooLargeError
 * @throws Error when the connection fails or the time is over
 */
export async function exchange(request: HttpRequest, limits: ExchangeLimits): Promise<HttpAnswer> {
  const { readWhole } = await openAnswer(request, limits);
  return readWhole();
}

/**
 * Sends one request and waits for its answer to begin. Aborting `signal` closes the connection, then or later.
 *
 * @throws Error when the connection fails, the time is over, or it was aborted
 */
export async function openAnswer(
  request: HttpRequest,
  limits: ExchangeLimits,
  signal?: AbortSignal,
): Promise<OpenAnswer> {
  const endsAtMs = performance.now() + limits.timeoutMs;
  const outgoing = begin(request, limits.agent, signal);
  outgoing.once('socket', (socket: Socket) => doubtIdle(outgoing, socket, limits));
  const response = await within(limits.timeoutMs, outgoing, async () => {
    const [first] = await once(outgoing, 'response');
    return first as IncomingMessage;
  });
  heardMs.set(response.socket, performance.now());
  const readWhole = async () => {
    const leftMs = Math.max(1, endsAtMs - performance.now());
    const { socket } = response;
    const body = await within(leftMs, response, () => readBody(response, limits.maxAnswerBytes));
    heardMs.set(socket, performance.now());
    return { ...headOf(response), body };
  };
  return { response, readWhole };
}

function begin(request: HttpRequest, agent: Agent, signal: AbortSignal | undefined): ClientRequest {
  const { url, method, headers, body } = request;
  const open = url.startsWith('https:') ? tlsRequest : plainRequest;
  const outgoing = open(url, {
    method,
    headers: { ...headers, ...framing(body) },
    agent,
    ...(signal === undefined ? {} : { signal }),
  });
  outgoing.on('error', () => {}); // one that comes after the answer began is the answer's, and is seen there
  outgoing.end(body);
  return outgoing;
}

/** Node frames the body of a DELETE only if it is told how: else Kubernetes would delete without its preconditions. */
function framing(body: string | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

/** Gives up early on a connection that lay idle, so that there is time for another one. */
function doubtIdle(
  outgoing: ClientRequest,
  socket: Socket,
  { timeoutMs, idleAfterMs }: ExchangeLimits,
): void {
  const spokeMs = heardMs.get(socket);
  if (spokeMs === undefined || performance.now() - spokeMs <= idleAfterMs) return;
  const patienceMs = timeoutMs * IDLE_CONNECTION_SHARE;
  const dead = new Error(`no answer within ${patienceMs} ms on a connection that lay idle`);
  const timer = setTimeout(() => outgoing.destroy(dead), patienceMs);
  outgoing.once('response', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}

/** Destroying the stream is what ends the work: it rejects with the error given here. */
async function within<Value>(
  timeoutMs: number,
  stream: { destroy(error: Error): unknown },
  work: () => Promise<Value>,
): Promise<Value> {
  const tooLate = new Error(`no answer within ${Math.round(timeoutMs)} ms`);
  const timer = setTimeout(() => stream.destroy(tooLate), timeoutMs);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/** By its events: to iterate over it would take as long as all else of a call. */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    const isTooLong = bytes > maxBytes;
    if (isTooLong) response.destroy(new AnswerTooLargeError(`the answer is longer than ${maxBytes} bytes`));
  });
  response.once('end', resolve);
  response.once('error', reject);
  response.once('close', () => reject(new Error('the connection was closed in the middle of the answer')));
  await closed;
  return Buffer.concat(chunks).toString('utf8');
}

/** Status and headers of an answer. */
export function headOf(response: IncomingMessage): Omit<HttpAnswer, 'body'> {
  const headers = Object.entries(response.headersDistinct).map(([name, values]) => [
    name,
    values?.join(', ') ?? '',
  ]);
  return { status: response.statusCode ?? 0, headers: Object.fromEntries(headers) };
}
