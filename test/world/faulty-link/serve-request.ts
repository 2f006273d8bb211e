import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { LinkEffect } from './link-fault.ts';
import { sendSlowly } from './send-slowly.ts';

/** Where a link leads. */
export type LinkTarget = {
  readonly url: string;
  /** PEM of the authority that signed the certificate of an https target. */
  readonly ca?: string;
};

export type LinkExchange = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  /** Told of the target's status, or of the link's own. */
  readonly onStatus: (status: number) => void;
};

/** Any effect, or none. */
type Effect = {
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly cut?: 'before' | 'after';
  readonly delayMs?: number;
  readonly when?: 'before' | 'after';
  readonly bytesPerSecond?: number;
  readonly cutAfterMs?: number;
  readonly silent?: 'before' | 'after' | 'stream';
};

/** Forwards one request, headers as they come, or does to it what the effect says. Never rejects. */
export async function serveRequest(
  target: LinkTarget,
  exchange: LinkExchange,
  effect: LinkEffect | undefined,
): Promise<void> {
  const { status, cut, silent, delayMs, when }: Effect = effect ?? {};
  if (status !== undefined) refuse(exchange, { ...effect, status });
  else if (cut === 'before') reset(exchange.response);
  else if (silent === 'before') exchange.request.resume();
  else if (delayMs !== undefined && when !== 'after') await deliverLate(target, exchange, delayMs);
  else exchange.request.pipe(open(target, exchange, effect ?? {}));
}

function refuse(
  { request, response, onStatus }: LinkExchange,
  { status, retryAfterSeconds }: Effect & { status: number },
): void {
  request.resume();
  onStatus(status);
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  response.writeHead(status, { 'content-type': 'application/json', ...retryAfter });
  response.end(
    JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message: 'refused on the way' }),
  );
}

/** A write that is under way arrives, whoever waits for it: bytes on their way are not called back. */
async function deliverLate(target: LinkTarget, exchange: LinkExchange, delayMs: number): Promise<void> {
  const { request, response } = exchange;
  const [body] = await Promise.all([buffer(request).catch(() => undefined), delay(delayMs)]);
  if (body === undefined || (response.destroyed && request.method === 'GET')) return;
  open(target, exchange, {}).end(body);
}

/** The target's side of an exchange: whoever gets it writes the body. */
function open({ url, ca }: LinkTarget, exchange: LinkExchange, effect: Effect): http.ClientRequest {
  const { request, response, onStatus } = exchange;
  const { method, headers } = request;
  const send = url.startsWith('https:') ? https.request : http.request;
  const outgoing = send(new URL(request.url ?? '/', url), { method, headers, ca, agent: false });
  response.on('close', () => outgoing.destroy());
  outgoing.on('error', () => reset(response));
  outgoing.on('response', (answer) => {
    onStatus(answer.statusCode ?? 0);
    relay(
      answer.on('error', () => reset(response)),
      response,
      effect,
    );
  });
  return outgoing;
}

function relay(answer: http.IncomingMessage, response: http.ServerResponse, effect: Effect): void {
  const { cut, silent, delayMs } = effect;
  if (cut === 'after') answer.resume().once('end', () => reset(response));
  else if (silent === 'after') answer.resume();
  else if (delayMs !== undefined) setTimeout(() => begin(answer, response, {}), delayMs);
  else begin(answer, response, effect);
}

function begin(answer: http.IncomingMessage, response: http.ServerResponse, effect: Effect): void {
  const { silent, bytesPerSecond, cutAfterMs } = effect;
  response.writeHead(answer.statusCode ?? 0, answer.headers);
  response.flushHeaders();
  if (cutAfterMs !== undefined) setTimeout(() => reset(response), cutAfterMs);
  if (silent === 'stream') answer.resume();
  else if (bytesPerSecond !== undefined) sendSlowly(answer, response, bytesPerSecond);
  else answer.pipe(response);
}

function reset({ socket }: http.ServerResponse): void {
  socket?.resetAndDestroy();
}
