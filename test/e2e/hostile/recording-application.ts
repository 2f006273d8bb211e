import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** All that came on one connection, latin1. */
export type Recording = { readonly head: string; readonly body: string };

/** An application that keeps every byte it was sent, and judges none of them. */
export type RecordingApplication = {
  readonly port: number;
  /** One for each connection on which something came. */
  readonly recordings: () => readonly Recording[];
  readonly close: () => Promise<void>;
};

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
/** nginx writes a request in one go, or nearly. */
const QUIET_MS = 100;

export async function startRecordingApplication(): Promise<RecordingApplication> {
  const received: { text: string }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = { text: '' };
    sockets.add(socket);
    socket.setTimeout(QUIET_MS, () => socket.end(ANSWER));
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (connection.text === '') received.push(connection);
      connection.text += chunk.toString('latin1');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    recordings: () => received.map(({ text }) => split(text)),
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function split(text: string): Recording {
  const end = text.indexOf('\r\n\r\n');
  return end === -1 ? { head: text, body: '' } : { head: text.slice(0, end), body: text.slice(end + 4) };
}
