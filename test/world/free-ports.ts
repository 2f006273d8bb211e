import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Finds ports of 127.0.0.1 that were free a moment ago: whoever uses them must be ready to try again. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
