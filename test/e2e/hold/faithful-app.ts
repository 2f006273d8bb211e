import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A request as an application received it. */
export type Delivery = {
  readonly line: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
};

/** An application that always gives the same answer to the same request, and remembers what it received. */
export type FaithfulApp = {
  readonly listener: RequestListener;
  /** Whatever arrived with its whole body: what came twice is here twice. */
  readonly deliveries: readonly Delivery[];
};

/** Headers that a proxy likes to lose, to join or to set itself. */
const HEADERS = [
  ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['Server', 'faithful'],
  ['Set-Cookie', 'a=1; Path=/'],
  ['Set-Cookie', 'b=2; Path=/'],
  ['ETag', 'W/"1"'],
  ['Vary', 'Accept'],
  ['Retry-After', '7'],
  ['X-MiXeD-CaSe', 'kept'],
] as const;
const EVENTS = 3;
const EVENT_EVERY_MS = 300;

/**
 * Says in JSON what it received. `/events` sends three events, one after the other; `/slow?ms=` takes its time;
 * `/status?code=` answers that, with `&empty` without a body; `/crash` cuts the connection after the body, `/drop` before;
 * `/page` is a page.
 */
export function createFaithfulApp(): FaithfulApp {
  const deliveries: Delivery[] = [];
  return {
    deliveries,
    listener: (request, response) => {
      answer(deliveries, request, response).catch(() => response.destroy());
    },
  };
}

async function answer(deliveries: Delivery[], request: IncomingMessage, response: ServerResponse) {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://application');
  if (pathname === '/drop') return void request.socket.destroy();
  const delivery = await receive(request);
  deliveries.push(delivery);
  if (pathname === '/crash') return void request.socket.destroy();
  if (pathname === '/slow') await delay(Number(searchParams.get('ms')));
  for (const [name, value] of HEADERS) response.appendHeader(name, value);
  if (pathname === '/events') return sendEvents(response);
  if (pathname === '/page') return sendPage(request, response);
  response.statusCode = pathname === '/status' ? Number(searchParams.get('code')) : 200;
  if (request.method === 'OPTIONS') return allow(response);
  if (searchParams.has('empty')) return void response.end();
  response.setHeader('Content-Type', 'application/json').end(`${JSON.stringify(delivery)}\n`);
}

async function receive(request: IncomingMessage): Promise<Delivery> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const { method, url, rawHeaders: headers } = request;
  return { line: `${method} ${url}`, headers, bytes, sha256: hash.digest('hex') };
}

function allow(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', 'https://front.example');
  response.setHeader('Access-Control-Allow-Methods', 'POST');
  response.writeHead(204).end();
}

async function sendEvents(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  for (let id = 0; id < EVENTS; id += 1) {
    response.write(`id: ${id}\ndata: tick\n\n`);
    await delay(EVENT_EVERY_MS);
  }
  response.end();
}

function sendPage({ url }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  const icon = '<link rel="icon" href="data:,">';
  response.end(`<!doctype html><title>Application</title>${icon}<h1>Application</h1><p id="url">${url}</p>`);
}
