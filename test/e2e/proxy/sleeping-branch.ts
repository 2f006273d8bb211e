import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ProxyWorld } from './proxy-world.ts';
import { steer } from './wake-stand-in.ts';

/** A request as the application received it, its body read to the end. */
export type Delivery = {
  readonly line: string;
  /** Names and values as they came, `Name: value` each. */
  readonly headers: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
};

export type Respond = (delivery: Delivery, response: ServerResponse) => void;

/** A branch without a pod, until it wakes. */
export type SleepingBranch = {
  readonly host: string;
  /** Everything that reached the application: what arrived twice is here twice. */
  readonly deliveries: readonly Delivery[];
  /** Has its application listen; does nothing if it does already. */
  readonly wake: () => Promise<void>;
  readonly server: Server;
};

let branches = 0;

/** A branch with an address of its own where nobody listens yet. Default answer: 200 with the hash of the body. */
export function createSleepingBranch(world: ProxyWorld, respond: Respond = answerWithHash): SleepingBranch {
  const number = ++branches;
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    const delivery = await receive(request);
    deliveries.push(delivery);
    respond(delivery, response);
  });
  world.onClose(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    host: `asleep-${number}--g.gyazo.example`,
    deliveries,
    server,
    wake: async () => {
      if (server.listening) return;
      server.listen({ port: world.application.port, host: `127.0.1.${number}`, backlog: 4_096 });
      await once(server, 'listening');
    },
  };
}

/** Has the function wake the branch when it is held, and send the request on; with `again`, only in the next round. */
export function wakeOnHold(
  world: ProxyWorld,
  branch: SleepingBranch,
  way: 'awake' | 'again' = 'awake',
): void {
  let asked = 0;
  world.wake.answerWith('/hold', async () => {
    if (way === 'again' && asked++ === 0) return steer('again');
    await branch.wake();
    return steer('awake');
  });
}

function answerWithHash(delivery: Delivery, response: ServerResponse): void {
  response.setHeader('X-Application', 'yes').end(delivery.sha256);
}

async function receive(request: IncomingMessage): Promise<Delivery> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const { rawHeaders: raw } = request;
  const headers = raw.flatMap((name, n) => (n % 2 === 0 ? [`${name}: ${raw[n + 1]}`] : []));
  return { line: `${request.method} ${request.url}`, headers, bytes, sha256: hash.digest('hex') };
}
