import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** How the function answers: at once, never, after a while, or with another status. */
export type WakeMood = 'well' | 'hang' | { readonly delayMs: number } | { readonly status: number };

/** One call, as it arrived. `headers` are in lower case, with their values as sent. */
export type WakeCall = {
  readonly line: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly atMs: number;
  /** The name that the caller asked for when it opened TLS. */
  readonly serverName: unknown;
};

/** A plain HTTP server in the wake function's place. */
export type WakeStandIn = {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly WakeCall[];
  /** The `X-Dormouse-Host` of every call, in order. */
  readonly hosts: () => readonly string[];
  /** TCP connections that were opened so far. */
  readonly connections: () => number;
  readonly setMood: (mood: WakeMood) => void;
  readonly close: () => Promise<void>;
};

/** Key and certificate in PEM. */
export type Certificate = { readonly key: string; readonly cert: string };

export async function startWakeStandIn(certificate?: Certificate): Promise<WakeStandIn> {
  const calls: WakeCall[] = [];
  let mood: WakeMood = 'well';
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const { servername: serverName } = request.socket as TLSSocket;
    calls.push({ line: `${request.method} ${request.url}`, headers, atMs: Date.now(), serverName });
    answer(response, mood);
  };
  const server =
    certificate === undefined ? createServer(listener) : createTlsServer({ ...certificate }, listener);
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    calls,
    hosts: () => calls.map((call) => call.headers.get('x-dormouse-host') ?? ''),
    connections: () => connections,
    setMood: (next) => {
      mood = next;
    },
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, mood: WakeMood): void {
  if (mood === 'hang') return;
  const delayMs = typeof mood === 'object' && 'delayMs' in mood ? mood.delayMs : 0;
  const status = typeof mood === 'object' && 'status' in mood ? mood.status : 204;
  const send = () => response.writeHead(status).end();
  if (delayMs === 0) send();
  else setTimeout(send, delayMs).unref();
}
