import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export type Visit = {
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Closes the connection. */
  readonly signal?: AbortSignal;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

const PATIENCE_MS = 10_000;
const MAX_HEADER_BYTES = 65_536;

/**
 * One request on a connection of its own.
 * @throws Error `ECONNRESET` if no answer comes
 */
export async function visit(port: number, request: Visit): Promise<Answer> {
  const { host, path = '/', method = 'GET', headers = {}, body, signal } = request;
  const place = { host: '127.0.0.1', port, agent: false, maxHeaderSize: MAX_HEADER_BYTES };
  const options = { ...place, path, method, headers: { host, ...headers }, ...(signal && { signal }) };
  const sent = openRequest(options);
  sent.end(body);
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Writes these very bytes to a connection, and reads until the other side closes it: ask for `Connection: close`. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no end of the answer in sight')));
  socket.write(Buffer.from(bytes, 'latin1'));
  return text(socket);
}
