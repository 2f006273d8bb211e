import type { LoadResult } from '../load/load-client.ts';
import type { Instance } from '../load/start-instance.ts';
import type { LoadClient } from '../load/start-load-client.ts';
import { getRequest } from '../load/start-load-client.ts';
import { startTouchWorld, touches } from '../load/touch-world.ts';
import type { Figure, Measure } from '../measure.ts';
import { cpuMsOfGroup } from '../process-usage.ts';
import { median, medianRatio, summarize } from '../statistics.ts';

const HOSTS = 100;
const CONNECTIONS = 64;
/** All hosts are due again at the same moment, every 10 s: short slices keep that in few of them. */
const SLICE_MS = 1_000;
const REPETITIONS = 17;
const GOAL = 0.7;
const WHAT = "touches/s of one instance ÷ requests/s of functions-framework's hello world, 64 connections";

/** One repetition on one side. */
type Slice = LoadResult & { readonly cpuMicrosPerRequest: number };
type Side = Instance & { readonly requests: readonly string[]; readonly status: number };

/** P6: touches of 100 awake branches; each is written and looked at every 10 s, as in production. */
export const touchRate: Measure = {
  id: 'P6',
  what: WHAT,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.adopt(await startTouchWorld(HOSTS), (started) => started.stop());
    const wake = { ...(await world.startWake(HOSTS)), requests: touches(HOSTS), status: 204 };
    const hello = { ...world.hello, requests: [getRequest('/', { Host: 'hello' })], status: 200 };
    const ours: Slice[] = [];
    const theirs: Slice[] = [];
    await measureSlice(world.client, wake); // the first of each warms up, and does not count
    await measureSlice(world.client, hello);
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      ours.push(await measureSlice(world.client, wake));
      theirs.push(await measureSlice(world.client, hello));
    }
    return [figureOf(ours, theirs)];
  },
};

async function measureSlice(client: LoadClient, { port, pid, requests, status }: Side): Promise<Slice> {
  const before = cpuMsOfGroup(pid);
  const result = await client.send({
    port,
    requests,
    status,
    connections: CONNECTIONS,
    durationMs: SLICE_MS,
  });
  return { ...result, cpuMicrosPerRequest: ((cpuMsOfGroup(pid) - before) * 1_000) / result.answered };
}

function figureOf(ours: readonly Slice[], theirs: readonly Slice[]): Figure {
  const of = (slices: readonly Slice[], key: keyof Slice) => slices.map((slice) => slice[key]);
  const rates = of(ours, 'perSecond');
  const ratio = medianRatio(rates, of(theirs, 'perSecond'));
  return {
    id: 'P6',
    what: WHAT,
    ratio,
    goal: GOAL,
    met: ratio >= GOAL,
    ...summarize(rates),
    unit: 'requests/s',
    details: {
      helloPerSecond: median(of(theirs, 'perSecond')),
      p99Ms: median(of(ours, 'p99Ms')),
      helloP99Ms: median(of(theirs, 'p99Ms')),
      cpuMicrosPerTouch: median(of(ours, 'cpuMicrosPerRequest')),
      cpuMicrosPerHello: median(of(theirs, 'cpuMicrosPerRequest')),
    },
  };
}
