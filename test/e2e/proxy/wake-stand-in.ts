import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** How the function answers a touch: at once, never, after a while, or with another status. */
export type WakeMood = 'well' | 'hang' | { readonly delayMs: number } | { readonly status: number };

/** One call, as it arrived. `headers` are in lower case, with their values as sent. */
export type WakeCall = {
  readonly line: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly atMs: number;
  /** The name that the caller asked for when it opened TLS. */
  readonly serverName: unknown;
  /** Aborted when the caller has closed the connection, or has its answer. */
  readonly ended: AbortSignal;
};

/** What a call is answered with: `hang` is no answer, `cut` closes the connection. */
export type WakeReply =
  | 'hang'
  | 'cut'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** An array is sent piece by piece, and the end never comes. */
      readonly body?: string | readonly string[];
    };

/** Answers the nth call of a path, counted from 0. */
export type WakeAnswer = (call: WakeCall, n: number) => WakeReply | Promise<WakeReply>;

export type WakePath = '/hold' | '/page' | '/progress';

/** A plain HTTP server in the wake function's place. */
export type WakeStandIn = {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly WakeCall[];
  /** The `X-Dormouse-Host` of every touch, in order. */
  readonly hosts: () => readonly string[];
  readonly callsOf: (path: WakePath | '/touch', host?: string) => readonly WakeCall[];
  /** TCP connections that were opened so far. */
  readonly connections: () => number;
  readonly setMood: (mood: WakeMood) => void;
  /** Says how a path is answered. Until then `/hold` steers to the page, which is a 503 that says `a page`. */
  readonly answerWith: (path: WakePath, answer: WakeAnswer) => void;
  readonly close: () => Promise<void>;
};

/** Key and certificate in PEM. */
export type Certificate = { readonly key: string; readonly cert: string };

/** The answer to `/hold`. */
export function steer(to: 'awake' | 'again' | 'page'): WakeReply {
  return { status: 200, headers: { 'X-Accel-Redirect': `@${to}`, 'Content-Length': '0' } };
}

const DEFAULT_ANSWERS: Readonly<Record<WakePath, WakeAnswer>> = {
  '/hold': () => steer('page'),
  '/page': () => ({ status: 503, headers: { 'Retry-After': '5' }, body: 'a page' }),
  '/progress': () => ({ status: 404 }),
};

export async function startWakeStandIn(certificate?: Certificate): Promise<WakeStandIn> {
  const calls: WakeCall[] = [];
  const answers = { ...DEFAULT_ANSWERS };
  let mood: WakeMood = 'well';
  let connections = 0;
  const callsOf = (path: string, host?: string) =>
    calls.filter(
      (call) =>
        call.line === `GET ${path}` && (host === undefined || call.headers.get('x-dormouse-host') === host),
    );
  const listener: RequestListener = async (request, response) => {
    const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const { servername: serverName } = request.socket as TLSSocket;
    const line = `${request.method} ${request.url}`;
    const call = { line, headers, atMs: Date.now(), serverName, ended: endOf(response) };
    calls.push(call);
    const answer = answers[request.url as WakePath];
    if (answer === undefined) return touch(response, mood);
    reply(response, await answer(call, callsOf(request.url ?? '').length - 1));
  };
  const server =
    certificate === undefined ? createServer(listener) : createTlsServer({ ...certificate }, listener);
  server.on('connection', () => connections++);
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    calls,
    hosts: () => callsOf('/touch').map((call) => call.headers.get('x-dormouse-host') ?? ''),
    callsOf,
    connections: () => connections,
    setMood: (next) => {
      mood = next;
    },
    answerWith: (path, answer) => {
      answers[path] = answer;
    },
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function endOf(response: ServerResponse): AbortSignal {
  const end = new AbortController();
  response.once('close', () => end.abort());
  return end.signal;
}

function touch(response: ServerResponse, mood: WakeMood): void {
  if (mood === 'hang') return;
  const delayMs = typeof mood === 'object' && 'delayMs' in mood ? mood.delayMs : 0;
  const status = typeof mood === 'object' && 'status' in mood ? mood.status : 204;
  const send = () => response.writeHead(status).end();
  if (delayMs === 0) send();
  else setTimeout(send, delayMs).unref();
}

function reply(response: ServerResponse, answer: WakeReply): void {
  if (answer === 'hang' || response.destroyed) return;
  if (answer === 'cut') return void response.destroy();
  // A stream without chunks: only who buffers nothing passes its pieces on.
  if (typeof answer.body === 'object') response.useChunkedEncodingByDefault = false;
  response.writeHead(answer.status, answer.headers);
  if (typeof answer.body !== 'object') return void response.end(answer.body);
  response.flushHeaders();
  for (const piece of answer.body) response.write(piece);
}
