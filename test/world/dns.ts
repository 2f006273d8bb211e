import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode, type Question } from 'dns-packet';

/** A DNS server stand-in. */
export type Dns = {
  readonly port: number;
  readonly close: () => Promise<void>;
};

/** Says the IPv4 addresses of a name (lower case, no trailing dot), `undefined` where there is none. */
export type Resolve = (name: string) => string | readonly string[] | undefined | 'servfail';

/** Low three bits of the header's second word. Source: RFC 1035, 4.1.1. */
const RCODE_SERVFAIL = 2;
const RCODE_NXDOMAIN = 3;
const TTL_SECONDS = 1;

/**
 * Starts a DNS server on 127.0.0.1, UDP: A records for a known name, NXDOMAIN for an unknown one, SERVFAIL when
 * told. A question for another type of a known name gets an empty answer, as a cluster without IPv6 gives.
 */
export async function startDns(options: { readonly resolve: Resolve }): Promise<Dns> {
  const socket = createSocket('udp4');
  socket.on('message', (message, client) => answer(socket, client, { message, resolve: options.resolve }));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => closeSocket(socket) };
}

function answer(socket: Socket, client: RemoteInfo, query: { message: Buffer; resolve: Resolve }): void {
  const { id, questions } = decode(query.message);
  const question = questions?.[0];
  if (question === undefined) return;
  const reply = { type: 'response' as const, questions: [question], ...resolution(question, query.resolve) };
  socket.send(encode({ ...reply, id: id ?? 0 }), client.port, client.address);
}

function resolution(question: Question, resolve: Resolve) {
  const resolved = resolve(question.name.toLowerCase());
  if (resolved === 'servfail') return { flags: RCODE_SERVFAIL };
  if (resolved === undefined) return { flags: RCODE_NXDOMAIN };
  if (question.type !== 'A') return {};
  const addresses = typeof resolved === 'string' ? [resolved] : resolved;
  const record = { type: 'A' as const, name: question.name, ttl: TTL_SECONDS };
  return { answers: addresses.map((data) => ({ ...record, data })) };
}

async function closeSocket(socket: Socket): Promise<void> {
  socket.close();
  await once(socket, 'close');
}
