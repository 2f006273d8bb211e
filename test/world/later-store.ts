import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Stands in front of a Firestore emulator and tells whoever reads all records that it is later than it is. */
export type LaterStore = {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** From now on. What is stamped still gets the emulator's own time, and heartbeats are as fresh as they are. */
  readonly setLater: (ms: number) => void;
  readonly close: () => Promise<void>;
};

const QUERY = ':runQuery';
const OF_RECORDS = '"collectionId":"branches"';
const READ_TIME = /("readTime":\s*")([^"]+)/g;

/** For what takes days whatever the speed of the clock. */
export async function startLaterStore(emulatorHost: string): Promise<LaterStore> {
  let laterMs = 0;
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    const { status, answer } = await forward(emulatorHost, request, body);
    const isOfRecords = request.url?.endsWith(QUERY) === true && body.includes(OF_RECORDS);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(isOfRecords ? tellLater(answer, laterMs) : answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    setLater: (ms) => {
      laterMs = ms;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function forward(host: string, { method = 'GET', url = '/' }: http.IncomingMessage, body: string) {
  const headers = { authorization: 'Bearer owner', 'content-type': 'application/json' };
  const content = method === 'GET' ? {} : { body };
  const response = await fetch(`http://${host}${url}`, { method, headers, ...content });
  return { status: response.status, answer: await response.text() };
}

function tellLater(answer: string, laterMs: number): string {
  return answer.replace(
    READ_TIME,
    (_, name: string, time: string) => `${name}${new Date(Date.parse(time) + laterMs).toISOString()}`,
  );
}
