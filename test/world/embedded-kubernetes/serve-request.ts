import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, internalError, statusOf, tooLarge } from './api-error.ts';
import { authenticate, authorize, type Tokens } from './authorize.ts';
import { discoveryJson } from './discovery.ts';
import { type Answer, type Api, execute, type Payload } from './execute.ts';
import { type FaultEffect, type FaultPlan, faultError } from './faults.ts';
import { type ApiCall, parseRoute } from './route.ts';
import type { WatchServer } from './watch.ts';

/** One call that was answered, for tests that count them. A watch is told when it begins, with 200. */
export type ObservedCall = ApiCall & { readonly user: string; readonly status: number };

export type RequestWorld = {
  readonly api: Api;
  readonly watches: WatchServer;
  readonly faults: FaultPlan;
  readonly tokens: Tokens | undefined;
  readonly observe: (call: ObservedCall) => void;
};

/** Source: kube-apiserver's limit of a request body. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/** Answers one HTTP request as kube-apiserver would. Never rejects. */
export async function serveRequest(
  world: RequestWorld,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await serve(world, request, response);
  } catch (error) {
    if (response.destroyed) return;
    sendError(response, error instanceof ApiError ? error : internalError(String(error)));
  }
}

async function serve(world: RequestWorld, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = authenticate(world.tokens, request.headers.authorization);
  const call = parseRoute(request.method ?? 'GET', request.url ?? '/');
  if (call === undefined) return sendOther(request.url ?? '/', response);
  const observe = (status: number) => world.observe({ ...call, user: user.name, status });
  try {
    authorize(user, call);
    const body = await readBody(request);
    const effect = world.faults.next(call);
    await meetFault(effect, 'before', response);
    if (response.destroyed) return;
    if (call.verb === 'watch') {
      world.watches.serve(call, response);
      return observe(200);
    }
    const answer = execute(world.api, call, payloadOf(call, request, body));
    await meetFault(effect, 'after', response);
    observe(answer.status);
    send(response, answer);
  } catch (error) {
    if (error instanceof ApiError) observe(error.body.code);
    throw error;
  }
}

/** @throws ApiError when the fault is a status */
async function meetFault(
  effect: FaultEffect | undefined,
  moment: 'before' | 'after',
  response: ServerResponse,
): Promise<void> {
  if (effect === undefined) return;
  if ('status' in effect && moment === 'before') throw faultError(effect);
  if ('cut' in effect && effect.cut === moment) response.destroy();
  if ('delayMs' in effect && (effect.when ?? 'before') === moment) await sleep(effect.delayMs);
}

function payloadOf({ query }: ApiCall, { headers }: IncomingMessage, body: string): Payload {
  const manager = query.get('fieldManager') || headers['user-agent']?.split('/')[0] || 'unknown';
  const isDryRun = query.get('dryRun') === 'All';
  return { body, contentType: headers['content-type'] ?? '', write: { manager, isDryRun } };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function sendOther(url: string, response: ServerResponse): void {
  const { pathname } = new URL(url, 'http://localhost');
  const body = discoveryJson(pathname);
  if (HEALTH_PATHS.has(pathname)) sendText(response, 200, 'ok');
  else if (body === undefined) sendText(response, 404, '404 page not found\n');
  else send(response, { status: 200, body });
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function sendError(response: ServerResponse, error: ApiError): void {
  const seconds = error.body.details?.retryAfterSeconds;
  if (seconds !== undefined) response.setHeader('retry-after', String(seconds));
  send(response, { status: error.body.code, body: JSON.stringify(statusOf(error)) });
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache, private',
  });
  response.end(body);
}
