import { connect, createServer, type Server, type Socket } from 'node:net';

/** One address and port of the cluster's network. */
export type ServiceListener = {
  /** Forwards connections to these local ports in turn; refuses them while there are none. */
  readonly serve: (localPorts: readonly number[]) => void;
  /** Refuses connections from now on and cuts those that are open. */
  readonly stop: () => void;
};

/**
 * Forwards raw bytes. Where no pod listens the port is closed, not accepted and cut: a proxy in front tells by the
 * bytes it has sent whether somebody may have received a request.
 */
export function createServiceListener(address: string, port: number): ServiceListener {
  let targets: readonly number[] = [];
  let turn = 0;
  let server: Server | undefined;
  const clients = new Set<Socket>();
  const accept = (client: Socket) => {
    clients.add(client);
    client.on('close', () => clients.delete(client)).on('error', () => client.destroy());
    turn += 1;
    const first = turn % Math.max(1, targets.length);
    forward(client, [...targets.slice(first), ...targets.slice(0, first)]);
  };
  const open = () => {
    const opened = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept);
    // A server that is closed before its name is looked up would listen all the same.
    opened.listen(port, address, () => opened !== server && opened.close());
    return opened;
  };
  const serve: ServiceListener['serve'] = (localPorts) => {
    targets = localPorts;
    if (targets.length > 0) {
      server ??= open();
      return;
    }
    server?.close();
    server = undefined;
  };
  const stop = () => {
    serve([]);
    for (const client of clients) client.destroy();
  };
  return { serve, stop };
}

/** Joins a client to the first of these ports that accepts; resets it where none does. */
function forward(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined || client.destroyed) {
    reset(client);
    return;
  }
  const pod = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const tryNext = () => forward(client, others);
  pod.once('error', tryNext);
  pod.once('connect', () => {
    pod.off('error', tryNext);
    join(client, pod);
  });
}

/** Passes bytes both ways; an end is passed on as an end, a cut as a cut. */
function join(client: Socket, pod: Socket): void {
  client.pipe(pod).pipe(client);
  cutTogether(client, pod);
  cutTogether(pod, client);
}

function cutTogether(one: Socket, other: Socket): void {
  one.on('error', () => reset(other));
  one.on('close', (hadError) => !hadError && other.end());
}

function reset(socket: Socket): void {
  socket.resetAndDestroy();
}
