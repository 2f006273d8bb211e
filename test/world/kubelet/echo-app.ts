import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

type EchoApp = {
  readonly pod: string;
  /** Requests that this branch has had so far, this one included. */
  readonly hits: () => number;
};

/** What the default application answers. */
export type Echo = {
  readonly pod: string;
  readonly method: string;
  /** As it came, undecoded. */
  readonly path: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly bodyBytes: number;
  readonly bodySha256: string;
  readonly hits: number;
};

const SSE_EVERY_MS = 200;

/**
 * The application of a pod that brings none of its own: says in JSON what it received. `/slow?ms=` takes its time,
 * `/status?code=` answers that, `/crash` cuts the connection after the body, `/sse` sends events until one leaves.
 */
export function createEchoApp(app: EchoApp): RequestListener {
  return (request, response) => {
    answer(app, request, response).catch(() => response.destroy());
  };
}

async function answer(app: EchoApp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hits = app.hits();
  const body = await digest(request);
  const { method = '', url: path = '', rawHeaders } = request;
  const [pathname, query] = path.split('?');
  const searchParams = new URLSearchParams(query);
  if (pathname === '/crash') return void request.socket.destroy();
  if (pathname === '/sse') return sendEvents(response);
  if (pathname === '/slow') await sleep(Number(searchParams.get('ms')));
  response.statusCode = pathname === '/status' ? Number(searchParams.get('code')) : 200;
  sendJson(response, { pod: app.pod, method, path, rawHeaders, ...body, hits } satisfies Echo);
}

async function digest(request: IncomingMessage): Promise<Pick<Echo, 'bodyBytes' | 'bodySha256'>> {
  const hash = createHash('sha256');
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bodyBytes += chunk.length;
  }
  return { bodyBytes, bodySha256: hash.digest('hex') };
}

function sendJson(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}

async function sendEvents(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (let id = 0; !response.destroyed; id += 1) {
    response.write(`id: ${id}\ndata: tick\n\n`);
    await sleep(SSE_EVERY_MS);
  }
}
