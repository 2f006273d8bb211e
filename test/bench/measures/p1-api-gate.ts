import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubernetesServer } from '../../world/kubernetes-api.ts';

export type ApiGateOptions = {
  /** A server, whose credentials the gate adds as `kubectl proxy` does. */
  readonly target: KubernetesServer;
  /** With one, the gate speaks TLS. */
  readonly certificate?: { readonly key: string; readonly cert: string };
};

/** Stands in front of a server, over connections that are warm already, and sees when a scale PATCH comes. */
export type ApiGate = {
  readonly port: number;
  /** Resolves, with `performance.now()`, when the next one comes. */
  readonly nextScale: () => Promise<number>;
  readonly close: () => Promise<void>;
};

export async function startApiGate({ target, certificate }: ApiGateOptions): Promise<ApiGate> {
  const waiting: ((ms: number) => void)[] = [];
  const agent = createAgent(target);
  const answer: http.RequestListener = (request, response) => {
    if (isScalePatch(request)) for (const resolve of waiting.splice(0)) resolve(performance.now());
    forward({ target, agent }, request, response);
  };
  const server =
    certificate === undefined ? http.createServer(answer) : https.createServer(certificate, answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    nextScale: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      agent.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function isScalePatch({ method, url = '' }: http.IncomingMessage): boolean {
  return method === 'PATCH' && new URL(url, 'http://gate').pathname.endsWith('/scale');
}

function createAgent({ url, ca }: KubernetesServer): http.Agent {
  if (url.startsWith('http:')) return new http.Agent({ keepAlive: true });
  return new https.Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
}

type Route = { readonly target: KubernetesServer; readonly agent: http.Agent };

function forward(
  { target, agent }: Route,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const url = new URL(request.url ?? '/', target.url);
  const headers = { ...request.headers, host: url.host, ...target.headers };
  const open = url.protocol === 'https:' ? https.request : http.request;
  const outgoing = open(url, { method: request.method, headers, agent });
  outgoing.on('response', (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.on('error', () => response.destroy()).pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}
