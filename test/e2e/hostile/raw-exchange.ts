import { connect } from 'node:net';

/** What came back before the connection closed, the answer was whole, or patience was over. */
export type RawAnswer = {
  /** `closed`: without a whole answer. */
  readonly outcome: 'answered' | 'closed' | 'silent';
  /** Of the final answer; undefined if there is none. */
  readonly status: number | undefined;
  readonly head: string;
  readonly body: string;
};

export type RawExchange = {
  readonly port: number;
  /** latin1: one character is one byte. */
  readonly text: string;
  readonly patienceMs: number;
};

type Received = Omit<RawAnswer, 'outcome'> & { readonly isWhole: boolean };

const NO_BODY = new Set([204, 304]);

/** Writes these very bytes, and reads one answer. Never rejects: a connection that breaks is an outcome. */
export function exchangeRaw({ port, text, patienceMs }: RawExchange): Promise<RawAnswer> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer>();
  const isHead = text.startsWith('HEAD ');
  const chunks: Buffer[] = [];
  const socket = connect(port, '127.0.0.1');
  const received = () => readAnswer(Buffer.concat(chunks).toString('latin1'), isHead);
  const finish = (outcome: RawAnswer['outcome']) => {
    socket.destroy();
    const { isWhole, ...answer } = received();
    const hasStatus = answer.status !== undefined; // such an answer ends with its connection
    resolve({ ...answer, outcome: isWhole || (outcome === 'closed' && hasStatus) ? 'answered' : outcome });
  };
  socket.setTimeout(patienceMs, () => finish('silent'));
  socket.on('error', () => finish('closed')).on('close', () => finish('closed'));
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (received().isWhole) finish('answered');
  });
  socket.write(Buffer.from(text, 'latin1'));
  return promise;
}

/** Reads the first final answer of what was received. */
export function readAnswer(text: string, isHead = false): Received {
  const end = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1]);
  if (end === -1) return { status: status || undefined, head: text, body: '', isWhole: false };
  if (status >= 100 && status < 200 && status !== 101) return readAnswer(text.slice(end + 4), isHead);
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  return { status, head, body, isWhole: isHead || NO_BODY.has(status) || isBodyWhole(head, body) };
}

/** A body that ends with its connection is whole when that has closed: nobody waits for more than the status then. */
function isBodyWhole(head: string, body: string): boolean {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length);
  return /^transfer-encoding: *chunked/im.test(head) && body.endsWith('0\r\n\r\n');
}

/** Writes these very bytes, and reads all that comes until the connection closes or nothing came for a while. */
export function converse({ port, text, patienceMs }: RawExchange): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on('error', () => socket.destroy()).on('close', () => resolve(received));
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.write(Buffer.from(text, 'latin1'));
  return promise;
}

/** The status of each answer in there, in turn. */
export function statusesIn(text: string): readonly number[] {
  return Array.from(text.matchAll(/HTTP\/1\.[01] (\d{3})/g), ([, status]) => Number(status));
}
