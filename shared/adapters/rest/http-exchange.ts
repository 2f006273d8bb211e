import { once } from 'node:events';
import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

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
};

/** The answer is longer than we are ready to hold: asking again will not help. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** Of the time for an answer, what a connection that lay idle gets to begin with one: it may be dead without a word. */
const IDLE_CONNECTION_SHARE = 0.5;

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
  const patienceMs = limits.timeoutMs * (outgoing.reusedSocket ? IDLE_CONNECTION_SHARE : 1);
  const response = await within(patienceMs, outgoing, async () => {
    const [first] = await once(outgoing, 'response');
    return first as IncomingMessage;
  });
  const readWhole = async () => {
    const leftMs = Math.max(1, endsAtMs - performance.now());
    const body = await within(leftMs, response, () => readBody(response, limits.maxAnswerBytes));
    return { ...headOf(response), body };
  };
  return { response, readWhole };
}

function begin(request: HttpRequest, agent: Agent, signal: AbortSignal | undefined): ClientRequest {
  const { url, method, headers, body } = request;
  const open = url.startsWith('https:') ? tlsRequest : plainRequest;
  const outgoing = open(url, { method, headers, agent, ...(signal === undefined ? {} : { signal }) });
  outgoing.on('error', () => {}); // one that comes after the answer began is the answer's, and is seen there
  outgoing.end(body);
  return outgoing;
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

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new AnswerTooLargeError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
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
