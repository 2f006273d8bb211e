import { once } from 'node:events';
import { createServer, request as openRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands before the instances of a function, as Google's front end does. */
export type FrontEnd = {
  readonly url: string;
  /** Has new requests go to this instance first. */
  readonly prefer: (port: number) => void;
  readonly close: () => Promise<void>;
};

/**
 * Starts a front end on 127.0.0.1 that hides a dead instance: a request whose instance breaks off gets 503, one that no
 * instance has accepted yet goes to the next.
 */
export async function startFrontEnd(instances: readonly number[]): Promise<FrontEnd> {
  const ports = [...instances];
  const server = createServer((request, response) => {
    const { url: path, headers } = request;
    const forward = ([port, ...others]: readonly number[]) => {
      if (port === undefined) return refuse(response);
      const sent = openRequest({ host: '127.0.0.1', port, path, headers, agent: false });
      sent.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      sent.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNREFUSED' ? forward(others) : refuse(response),
      );
      response.once('close', () => sent.destroy());
      sent.end();
    };
    forward(ports);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    prefer: (port) => void ports.unshift(port),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function refuse(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(503, { 'content-type': 'text/html' }).end('no instance');
}
