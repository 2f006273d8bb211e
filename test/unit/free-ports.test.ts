import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePorts } from '../world/free-ports.ts';

/** The first port that Linux hands out by itself. */
const FIRST_EPHEMERAL_PORT = 32_768;

test('findFreePorts finds each port once, and none that the system may hand out meanwhile', async () => {
  const ports = [...(await findFreePorts(20)), ...(await findFreePorts(20))];
  expect(new Set(ports).size).toBe(40);
  expect(Math.max(...ports)).toBeLessThan(FIRST_EPHEMERAL_PORT);
});

test('findFreePorts leaves out a port that somebody listens on', async () => {
  const [found = 0] = await findFreePorts(1);
  const server = createServer().listen(found + 1, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(await findFreePorts(3)).not.toContain(found + 1);
});
