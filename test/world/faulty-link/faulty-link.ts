import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createLinkFaults, type LinkedCall, type LinkFaults } from './link-fault.ts';
import { type LinkTarget, serveRequest } from './serve-request.ts';

/** One request that came by, with the status of its answer as soon as there is one. */
export type LinkedRequest = LinkedCall & { status?: number };

/**
 * Stands in front of an API server or a store, plain HTTP on this side, forwards whatever comes, credentials
 * included, sees it, and spoils what it is told to.
 */
export type FaultyLink = {
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: readonly LinkedRequest[];
  /** Requests that are not through: a watch keeps its own until it ends. */
  readonly busyConnections: () => number;
  /** Resets every connection that is open, busy or not. */
  readonly cut: () => void;
  readonly add: LinkFaults['add'];
  /** Ends all faults. What was met by silence stays silent. */
  readonly clear: () => void;
  /** Leads elsewhere from now on. */
  readonly retarget: (target: LinkTarget) => void;
  readonly close: () => Promise<void>;
};

type Link = {
  target: LinkTarget | undefined;
  readonly faults: LinkFaults;
  readonly requests: LinkedRequest[];
  readonly busy: Set<http.ServerResponse>;
};

/** Without a target every connection is reset until there is one. */
export async function startFaultyLink(target?: LinkTarget): Promise<FaultyLink> {
  const link: Link = { target, faults: createLinkFaults(), requests: [], busy: new Set() };
  const server = http.createServer((request, response) => serve(link, request, response));
  const cut = resetterOf(server);
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    requests: link.requests,
    busyConnections: () => link.busy.size,
    cut,
    add: link.faults.add,
    clear: link.faults.clear,
    retarget: (to) => {
      link.target = to;
      cut();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

function resetterOf(server: http.Server): () => void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
}

function serve(link: Link, request: http.IncomingMessage, response: http.ServerResponse): void {
  const seen: LinkedRequest = { method: request.method ?? '', url: request.url ?? '' };
  link.requests.push(seen);
  link.busy.add(response);
  response.on('close', () => link.busy.delete(response));
  const onStatus = (status: number) => {
    seen.status = status;
  };
  const { target, faults } = link;
  if (target === undefined) request.socket.resetAndDestroy();
  else void serveRequest(target, { request, response, onStatus }, faults.meet(seen));
}
