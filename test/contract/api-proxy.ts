import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubernetesServer } from '../world/kubernetes-api.ts';

/** One request that came by, with the status of its answer as soon as there is one. */
export type ProxiedRequest = { readonly method: string; readonly url: string; status?: number };

/** Stands in front of an API server, forwards whatever comes, credentials included, and sees it. */
export type ApiProxy = {
  readonly url: string;
  readonly requests: readonly ProxiedRequest[];
  /** Connections whose request is not through: a watch keeps its own until it ends. */
  readonly busyConnections: () => number;
  /** Breaks these. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
};

export async function startApiProxy(target: KubernetesServer): Promise<ApiProxy> {
  const requests: ProxiedRequest[] = [];
  const busy = new Set<http.ServerResponse>();
  const server = http.createServer((request, response) => {
    const seen: ProxiedRequest = { method: request.method ?? '', url: request.url ?? '' };
    requests.push(seen);
    busy.add(response);
    response.on('close', () => busy.delete(response));
    forward(target, { request, response, seen });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    busyConnections: () => busy.size,
    cut: () => {
      for (const response of busy) response.destroy();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Exchange = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly seen: ProxiedRequest;
};

function forward({ url, ca }: KubernetesServer, { request, response, seen }: Exchange): void {
  const { method, headers } = request;
  const open = url.startsWith('https:') ? https.request : http.request;
  const outgoing = open(new URL(request.url ?? '/', url), { method, headers, ca, agent: false });
  outgoing.on('response', (answer) => {
    seen.status = answer.statusCode ?? 0;
    response.writeHead(seen.status, answer.headers);
    response.flushHeaders();
    answer.on('error', () => response.destroy()).pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}
