import { type AgentOptions, Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';
import { AnswerTooLargeError, exchange, type HttpAnswer, type HttpRequest } from './http-exchange.ts';
import { type HttpStream, openStream } from './http-stream.ts';
import { retryDelayMs } from './retry-delay.ts';
import { withinTime } from './within-time.ts';

/** Headers that prove who we are. `renew`: those of before were refused, new ones must be fetched. */
export type Authorize = (options: { readonly renew: boolean }) => Promise<Readonly<Record<string, string>>>;

export type TlsOptions = Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

export type RestTransportOptions = {
  /** Scheme, host, port, and a path that goes before every request's. */
  readonly baseUrl: string;
  readonly authorize: Authorize;
  readonly tls?: TlsOptions | undefined;
  /** For a whole call: credentials, retries and the last byte included. Default 10 s. */
  readonly timeoutMs?: number;
  /** Epoch ms. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
  /** How long a kept connection may be silent before it is doubted. Default 5 s: where everything is slow, half the time would never be enough. */
  readonly idleAfterMs?: number;
  /** Default 32 MiB: a page of 500 large Deployments is below 10. */
  readonly maxAnswerBytes?: number;
};

export type RestRequest = {
  readonly method: string;
  /** Begins with a slash; its parts are encoded already. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly body?: string | undefined;
  /** Default `application/json` */
  readonly contentType?: string | undefined;
  /** Instead of the transport's own. */
  readonly timeoutMs?: number | undefined;
};

export type RestStreamRequest = RestRequest & {
  /** Closes the connection at once, whatever the state of the call. */
  readonly signal: AbortSignal;
  /** A stream that was silent for longer is taken for dead, and ends. */
  readonly maxSilenceMs: number;
};

export type RestTransport = {
  /**
   * Sends a request and gives back the last answer, whatever its status. A call may take effect more than once:
   * send only what is safe to repeat.
   *
   * @throws TransportError when no answer came in time
   */
  send(request: RestRequest): Promise<HttpAnswer>;
  /**
   * Sends a request whose answer goes on, over a connection of its own, and gives back its beginning. Tries once,
   * and once more with renewed credentials on 401; any other status but 200 is given back with its body.
   *
   * @throws TransportError when no answer began in time, or it was aborted before
   */
  stream(request: RestStreamRequest): Promise<HttpStream>;
  /** Closes the connections; calls that are open reject, streams end. */
  close(): void;
};

/** No answer came: no credentials, no connection, or too late. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

type Transport = Required<Omit<RestTransportOptions, 'tls'>> & {
  readonly agent: PlainAgent;
  readonly streamAgent: PlainAgent;
  readonly closing: AbortController;
};
type Call = RestRequest & { readonly deadlineMs: number };
type StreamCall = Call & RestStreamRequest;
type Attempt = { readonly answer: HttpAnswer } | { readonly error: unknown };

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_IDLE_AFTER_MS = 5_000;
const DEFAULT_MAX_ANSWER_BYTES = 32 * 1_024 * 1_024;
const MAX_CONNECTIONS = 32;
/** Of streams, which would starve calls if they shared their connections. */
const MAX_STREAMS = 1_000;
const USER_AGENT = 'dormouse';

/**
 * Creates an HTTP client that keeps its connections warm. It tries again on network errors, 429, 500, 502, 503
 * and 504, with full jitter and after what `Retry-After` asks for, but never past the deadline; and once with renewed
 * credentials on 401.
 */
export function createRestTransport(options: RestTransportOptions): RestTransport {
  const { tls, ...rest } = options;
  const pool = { keepAlive: true, maxSockets: MAX_CONNECTIONS, scheduling: 'lifo' } as const;
  const createAgent = (agentOptions: AgentOptions) =>
    options.baseUrl.startsWith('https:')
      ? new TlsAgent({ ...agentOptions, ...tls })
      : new PlainAgent(agentOptions);
  const transport: Transport = {
    timeoutMs: DEFAULT_TIMEOUT_MS,
    maxAnswerBytes: DEFAULT_MAX_ANSWER_BYTES,
    idleAfterMs: DEFAULT_IDLE_AFTER_MS,
    sleep: delay,
    closing: new AbortController(),
    ...rest,
    agent: createAgent(pool),
    streamAgent: createAgent({ maxSockets: MAX_STREAMS }),
  };
  const withDeadline = <Request extends RestRequest>(request: Request) => ({
    ...request,
    deadlineMs: options.now() + (request.timeoutMs ?? transport.timeoutMs),
  });
  return {
    send: (request) => send(transport, withDeadline(request)),
    stream: (request) => stream(transport, withDeadline(request)),
    close: () => {
      transport.closing.abort();
      transport.agent.destroy();
      transport.streamAgent.destroy();
    },
  };
}

async function send(transport: Transport, call: Call): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt++) {
    const ended = await tryOnce(transport, call);
    const delayMs = delayAfter(ended, attempt, transport);
    const isLast = delayMs === undefined || transport.closing.signal.aborted;
    const isInTime = !isLast && transport.now() + delayMs < call.deadlineMs;
    if (isInTime) await transport.sleep(delayMs);
    else if ('answer' in ended) return ended.answer;
    else throw failure(call, transport.baseUrl, ended.error);
  }
}

async function tryOnce(transport: Transport, call: Call): Promise<Attempt> {
  try {
    const answer = await ask(transport, call, false);
    return { answer: answer.status === 401 ? await ask(transport, call, true) : answer };
  } catch (error) {
    // What broke one idle connection (a frozen instance, a NAT that forgot) has broken the others as well.
    for (const socket of Object.values(transport.agent.freeSockets).flat()) socket?.destroy();
    return { error };
  }
}

function delayAfter(ended: Attempt, attempt: number, { random, now }: Transport): number | undefined {
  if ('answer' in ended) {
    const { status, headers } = ended.answer;
    return retryDelayMs({ attempt, status, retryAfter: headers['retry-after'] }, random(), now());
  }
  return ended.error instanceof AnswerTooLargeError ? undefined : retryDelayMs({ attempt }, random(), now());
}

async function ask(transport: Transport, call: Call, renew: boolean): Promise<HttpAnswer> {
  const request = await authorized(transport, call, renew);
  return exchange(request, { ...transport, timeoutMs: leftMs(transport, call) });
}

async function stream(transport: Transport, call: StreamCall): Promise<HttpStream> {
  try {
    const opened = await open(transport, call, false);
    return opened.status === 401 ? await open(transport, call, true) : opened;
  } catch (error) {
    throw failure(call, transport.baseUrl, error);
  }
}

async function open(transport: Transport, call: StreamCall, renew: boolean): Promise<HttpStream> {
  const { signal, maxSilenceMs } = call;
  const request = await authorized(transport, call, renew);
  signal.throwIfAborted();
  const timeoutMs = leftMs(transport, call);
  return openStream(request, { ...transport, agent: transport.streamAgent, timeoutMs, signal, maxSilenceMs });
}

async function authorized(transport: Transport, call: Call, renew: boolean): Promise<HttpRequest> {
  // Whoever fetches credentials may have no limit of its own: google-auth-library has none on Cloud Run.
  const credentials = await withinTime(
    transport.authorize({ renew }),
    call.deadlineMs - transport.now(),
    'no credentials in time',
  );
  return {
    url: urlOf(transport.baseUrl, call),
    method: call.method,
    headers: { ...commonHeaders(call), ...credentials },
    body: call.body,
  };
}

function leftMs({ now }: Transport, { deadlineMs }: Call): number {
  return Math.max(1, deadlineMs - now());
}

function commonHeaders({ body, contentType = 'application/json' }: Call): Record<string, string> {
  const headers = { accept: 'application/json', 'user-agent': USER_AGENT };
  return body === undefined ? headers : { ...headers, 'content-type': contentType };
}

function urlOf(baseUrl: string, { path, query = {} }: Call): string {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) search.append(name, value);
  }
  const separator = path.includes('?') ? '&' : '?';
  return `${baseUrl.replace(/\/$/, '')}${path}${search.size === 0 ? '' : `${separator}${search}`}`;
}

function failure({ method, path }: Call, baseUrl: string, cause: unknown): TransportError {
  const place = `${new URL(baseUrl).host}${path.split('?')[0]}`;
  return new TransportError(`${method} ${place}: ${reasonOf(cause)}`, { cause });
}

/** A connection refused by every address of a name is an AggregateError without a message. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}
