import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import WebSocket, { WebSocketServer } from 'ws';
import { type ProxyWorld, type ProxyWorldOptions, startProxyWorldForTest } from './proxy-world.ts';

/** A staging-proxy before an application that takes sockets, for every branch. */
export type SocketWorld = ProxyWorld & {
  /** Resolves once the socket is open. */
  readonly openSocket: (branch: string, protocol?: string) => Promise<WebSocket>;
};

/** A world of one test whose application answers every upgrade. */
export async function startSocketWorldForTest(options: ProxyWorldOptions = {}): Promise<SocketWorld> {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  await once(sockets, 'listening');
  const { port } = sockets.address() as AddressInfo;
  const variables = { ...options.variables, service_domain: `staging.svc.cluster.local:${port}` };
  const world = await startProxyWorldForTest({ ...options, variables });
  const opened: WebSocket[] = [];
  world.onClose(() => {
    for (const socket of opened) socket.terminate();
    sockets.close();
  });
  const openSocket = async (branch: string, protocol?: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${world.proxy.port}/cable`, protocol, {
      headers: { host: `${branch}.gyazo.example` },
    });
    socket.on('error', () => {}); // when the proxy dies under it
    opened.push(socket);
    await once(socket, 'open');
    return socket;
  };
  return { ...world, openSocket };
}
