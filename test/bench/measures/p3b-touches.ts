import { setTimeout as delay } from 'node:timers/promises';
import { startProxyWorld } from '../load/proxy-world.ts';
import { getRequest, type LoadClient, startLoadClient } from '../load/start-load-client.ts';
import type { Figure, Measure } from '../measure.ts';
import { requirePart } from '../require-part.ts';
import { summarize } from '../statistics.ts';

const HOSTS = Array.from({ length: 100 }, (_, n) => `touched-${n}--g.example.com`);
const CONNECTIONS = 64;
/** Every host's first visit is a touch at once: it is made before the minute that counts. */
const WARM_UP_MS = 4_000;
const DURATION_MS = 60_100;
const SLICE_MS = 1_000;
/** Enough for every host to be asked for several times a second, and no more than it takes. */
const REQUESTS_PER_SLICE = 2_000;
const GOAL_PER_MINUTE = 4;
const MINUTE_MS = 60_000;
const WHAT = 'touches a minute and host, of 100 hosts under load: the host with the most';

/** P3b: how many of the visits reach the function. */
export const touchesOfManyHosts: Measure = {
  id: 'P3b',
  what: WHAT,
  measure: async () => {
    const nginx = requirePart('nginx');
    await using stack = new AsyncDisposableStack();
    const world = stack.adopt(await startProxyWorld(nginx), (started) => started.stop());
    const client = stack.adopt(startLoadClient(), (started) => started.stop());
    await visitAll(client, world.dormouse.port, WARM_UP_MS);
    const before = world.touches.length;
    const { requests, tookMs } = await visitAll(client, world.dormouse.port, DURATION_MS);
    return [figureOf(world.touches.slice(before), requests, tookMs)];
  },
};

type Visits = { readonly requests: number; readonly tookMs: number };

async function visitAll(client: LoadClient, port: number, durationMs: number): Promise<Visits> {
  const requests = HOSTS.map((host) => getRequest('/', { Host: host }));
  const most = { connections: CONNECTIONS, durationMs: SLICE_MS, atMost: REQUESTS_PER_SLICE };
  const startMs = performance.now();
  let answered = 0;
  while (performance.now() - startMs < durationMs) {
    const leftMs = startMs + durationMs - performance.now();
    const [result] = await Promise.all([
      client.send({ ...most, port, requests, status: 200 }),
      delay(Math.min(SLICE_MS, leftMs)),
    ]);
    answered += result.answered;
  }
  return { requests: answered, tookMs: performance.now() - startMs };
}

function figureOf(touches: readonly string[], requests: number, tookMs: number): Figure {
  const minutes = tookMs / MINUTE_MS;
  const perHost = HOSTS.map((host) => touches.filter((touched) => touched === host).length / minutes);
  const ratio = Math.max(...perHost);
  return {
    id: 'P3b',
    what: WHAT,
    ratio,
    goal: GOAL_PER_MINUTE,
    // A host that is never touched would be put to sleep.
    met: ratio <= GOAL_PER_MINUTE && Math.min(...perHost) > 0,
    ...summarize(perHost),
    unit: 'touches/min',
    details: {
      requests,
      touches: touches.length,
      touchesPerMillionRequests: (touches.length / requests) * 1_000_000,
    },
  };
}
