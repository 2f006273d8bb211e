import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a test reads of a request that arrived. */
export type ArrivedRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Numbers the connection that it came on, from 1. */
  readonly connection: number;
};

export type ScriptedAnswer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** An answer, silence, a connection cut before the answer, or one cut in its middle. */
export type Reaction = ScriptedAnswer | 'hang' | 'cut' | 'cut-in-the-middle';

/** An HTTP server that answers as a test tells it to. */
export type ScriptedServer = {
  readonly url: string;
  readonly arrived: readonly ArrivedRequest[];
  readonly close: () => Promise<void>;
};

/** @param react the answer to a request and its number, from 1 */
export async function startScriptedServer(
  react: (request: ArrivedRequest, number: number) => Reaction,
): Promise<ScriptedServer> {
  const arrived: ArrivedRequest[] = [];
  const connections = new Map<unknown, number>();
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers, socket } = request;
    const connection = connections.get(socket) ?? 0;
    const entry = { method, url, headers, body: await text(request), connection };
    arrived.push(entry);
    perform(react(entry, arrived.length), response);
  });
  server.on('connection', (socket) => connections.set(socket, connections.size + 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function perform(reaction: Reaction, response: ServerResponse): void {
  if (reaction === 'cut') response.destroy();
  else if (reaction === 'cut-in-the-middle') {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"half":', () => response.destroy());
  } else if (reaction !== 'hang') {
    const { status = 200, headers = {}, body = '{}' } = reaction;
    response.writeHead(status, headers).end(body);
  }
}
