import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

/** The port of a pod: closed, until its process opens it. */
export type PodServer = {
  /** Local TCP port on 127.0.0.1 while it is open. */
  readonly port: () => number | undefined;
  readonly open: () => void;
  /** Closes the port and cuts every connection, of one that drains too. */
  readonly crash: () => void;
  /** Closes the port, lets running requests end, then cuts what is left. Says whether all ended by themselves. */
  readonly drain: (graceMs: number) => Promise<boolean>;
};

type PodServerOptions = {
  readonly listener: RequestListener;
  /** Called for every WebSocket that is opened, as `listener` is for every request. */
  readonly onUpgrade: () => void;
  /** Called whenever the port opens or closes. */
  readonly onChange: () => void;
};

/** Longer than any proxy in front keeps an idle connection to an application. */
const KEEP_ALIVE_MS = 75_000;
const MAX_HEADER_BYTES = 128 * 1024;
const GOING_AWAY = 1001;

/** Serves HTTP by `listener` and echoes WebSockets, on a port of its own each time it is opened. */
export function createPodServer(options: PodServerOptions): PodServer {
  let current: ReturnType<typeof createConnections> | undefined;
  const all = new Set<NonNullable<typeof current>>();
  const close = () => {
    const closing = current;
    current = undefined;
    closing?.server.close();
    options.onChange();
    return closing;
  };
  return {
    port: () => (current?.server.address() as AddressInfo | null | undefined)?.port,
    open: () => {
      const opened = createConnections(options);
      current = opened;
      all.add(opened);
      opened.server.on('close', () => all.delete(opened));
      // A server that is closed before its name is looked up would listen all the same.
      opened.server.listen(0, '127.0.0.1', () =>
        opened === current ? options.onChange() : opened.server.close(),
      );
    },
    crash: () => {
      close();
      for (const connections of all) connections.cut();
    },
    drain: async (graceMs) => (await close()?.drain(graceMs)) ?? true,
  };
}

function createConnections({ listener, onUpgrade }: PodServerOptions) {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0 }, listener);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const sockets = trackSockets(server);
  const webSockets = echoWebSockets(server, onUpgrade);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return { server, cut, drain: (graceMs: number) => drain({ server, sockets, webSockets, cut }, graceMs) };
}

type Draining = {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly webSockets: WebSocketServer;
  readonly cut: () => void;
};

/** The server has been told to close before: it takes no connection any more. */
async function drain({ server, sockets, webSockets, cut }: Draining, graceMs: number): Promise<boolean> {
  for (const client of webSockets.clients) client.close(GOING_AWAY);
  server.on('request', (_request, response) => response.on('close', () => server.closeIdleConnections()));
  server.closeIdleConnections();
  const grace = new AbortController();
  const closed = sockets.size === 0 ? true : once(server, 'close').then(() => true);
  const late = sleep(graceMs, false, { signal: grace.signal });
  late.catch(() => {});
  const hasEnded = await Promise.race([closed, late]);
  grace.abort();
  cut();
  return hasEnded;
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}

function echoWebSockets(server: Server, onUpgrade: () => void): WebSocketServer {
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    onUpgrade();
    webSockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
      client.on('error', () => client.terminate());
    });
  });
  return webSockets;
}
