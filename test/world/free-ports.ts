import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that a system hands out by itself, to whoever connects or listens on port 0: one of those may be
 * gone again before a program that takes a second to start listens on it.
 * Source: Linux, ip_local_port_range (32768 on); macOS and RFC 6335 (49152 on).
 */
const FIRST_PORT = 16_384;
const PORTS = 16_384;
const MAX_TRIES = 1_000;

/** Each process begins elsewhere and goes on from there, so that two of them hardly ever find the same one. */
let next = randomInt(PORTS);

/**
 * Finds ports of 127.0.0.1 that nobody listens on, and that this process finds only once.
 * @throws Error when there are none
 */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries === MAX_TRIES) throw new Error(`no ${count} ports are free from ${FIRST_PORT} on`);
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    await once(server.close(), 'close');
    return true;
  } catch {
    return false;
  }
}
