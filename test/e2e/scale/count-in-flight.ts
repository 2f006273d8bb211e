import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type InFlight = {
  /** The most requests that one server had at once. */
  readonly most: () => number;
  /** The most connections that it had at once. */
  readonly mostConnections: () => number;
  readonly stop: () => void;
};

const STARTED = 'http.server.request.start';
const FINISHED = 'http.server.response.finish';

type Message = { readonly request: IncomingMessage; readonly response: ServerResponse };

/** Counts at a server of this process. Source: Node's built-in channels of `node:http`. */
export function countInFlight(serverUrl: string): InFlight {
  const port = Number(new URL(serverUrl).port);
  const sockets = new Set<unknown>();
  let open = 0;
  let most = 0;
  let mostConnections = 0;
  const started = (message: unknown) => {
    const { socket } = (message as Message).request;
    if (socket.localPort !== port) return;
    if (!sockets.has(socket)) socket.once('close', () => sockets.delete(socket));
    sockets.add(socket);
    open += 1;
    most = Math.max(most, open);
    mostConnections = Math.max(mostConnections, sockets.size);
  };
  const finished = (message: unknown) => {
    if ((message as Message).request.socket.localPort === port) open -= 1;
  };
  subscribe(STARTED, started);
  subscribe(FINISHED, finished);
  return {
    most: () => most,
    mostConnections: () => mostConnections,
    stop: () => {
      unsubscribe(STARTED, started);
      unsubscribe(FINISHED, finished);
    },
  };
}
