import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What an application does with a request: answers these bytes, or `drop`s the connection, or keeps `silence`. */
export type RawAnswer = string;

/** An application that keeps every byte it was sent. */
export type RawApplication = {
  readonly port: number;
  /** The head of each request: request line and headers, as they came. */
  readonly heads: readonly string[];
  /** Says what to do with a request; default is 200 with the body `ok`. */
  readonly answerWith: (answer: (head: string) => RawAnswer) => void;
  readonly close: () => Promise<void>;
};

/** A whole response of status 200. */
export function ok(body = 'ok', headers: readonly string[] = []): string {
  const lines = ['HTTP/1.1 200 OK', `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export async function startRawApplication(): Promise<RawApplication> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  let decide: (head: string) => RawAnswer = () => ok();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    onHead(socket, (head) => {
      heads.push(head);
      respond(socket, decide(head));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    answerWith: (answer) => {
      decide = answer;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** nginx sends one request on a connection, so the first blank line ends the head. */
function onHead(socket: Socket, receive: (head: string) => void): void {
  let bytes = '';
  const listen = (chunk: Buffer) => {
    bytes += chunk.toString('latin1');
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) return;
    socket.off('data', listen);
    socket.resume();
    receive(bytes.slice(0, end));
  };
  socket.on('data', listen);
}

function respond(socket: Socket, answer: RawAnswer): void {
  if (answer === 'silence') return;
  if (answer === 'drop') socket.destroy();
  else socket.end(answer);
}
