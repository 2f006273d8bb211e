import type { LoadResult } from '../load/load-client.ts';
import { type Application, startProxyWorld } from '../load/proxy-world.ts';
import { getRequest, type LoadClient, startLoadClient } from '../load/start-load-client.ts';
import type { Figure, Measure } from '../measure.ts';
import { cpuMsOfGroup } from '../process-usage.ts';
import { requirePart } from '../require-part.ts';
import { median, medianRatio, summarize } from '../statistics.ts';

const CONNECTIONS = 64;
const SLICE_MS = 1_200;
/** Of each side, in turn. */
const REPETITIONS = { node: 15, nginx: 7 };
const RATE_GOAL = 0.97;
const P99_GOAL = 1.05;
const WHAT =
  'warm requests/s through nginx with Dormouse ÷ without it, 64 connections, an application in Node';

/** One repetition on one side. */
type Slice = LoadResult & { readonly cpuMicrosPerRequest: number };
type Side = { readonly port: number; readonly pid: number };
type Slices = { readonly dormouse: readonly Slice[]; readonly plain: readonly Slice[] };

/**
 * P3: what the visitors of an awake branch pay for Dormouse. Before an application that costs nothing, which no branch
 * has, nginx's own work is all there is: the detail `ratioBeforeNginx`.
 */
export const warmPath: Measure = {
  id: 'P3',
  what: WHAT,
  measure: async () => {
    const nginx = requirePart('nginx');
    const slices = await measureBefore('node', nginx);
    const bare = await measureBefore('nginx', nginx);
    return [rateFigure(slices, bare), tailFigure(slices, bare)];
  },
};

async function measureBefore(application: Application, nginx: string): Promise<Slices> {
  await using stack = new AsyncDisposableStack();
  const world = stack.adopt(await startProxyWorld(nginx, application), (started) => started.stop());
  const client = stack.adopt(startLoadClient(), (started) => started.stop());
  const dormouse: Slice[] = [];
  const plain: Slice[] = [];
  await measureSlice(client, world.dormouse); // the first of each warms up, and does not count
  await measureSlice(client, world.plain);
  for (let repetition = 0; repetition < REPETITIONS[application]; repetition += 1) {
    dormouse.push(await measureSlice(client, world.dormouse));
    plain.push(await measureSlice(client, world.plain));
  }
  return { dormouse, plain };
}

async function measureSlice(client: LoadClient, { port, pid }: Side): Promise<Slice> {
  const before = cpuMsOfGroup(pid);
  const load = { port, connections: CONNECTIONS, durationMs: SLICE_MS, requests: [request()], status: 200 };
  const result = await client.send(load);
  return { ...result, cpuMicrosPerRequest: ((cpuMsOfGroup(pid) - before) * 1_000) / result.answered };
}

/** What a browser sends, more or less: nginx looks at these. */
function request(): string {
  return getRequest('/posts/1?page=2', {
    Host: 'warm--g.example.com',
    'User-Agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36',
    Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language': 'en-US,en;q=0.9',
    'Sec-Fetch-Dest': 'document',
    Cookie: 'session=0123456789abcdef0123456789abcdef',
  });
}

function rateFigure({ dormouse, plain }: Slices, bare: Slices): Figure {
  const rates = (slices: readonly Slice[]) => slices.map(({ perSecond }) => perSecond);
  const cpu = (slices: readonly Slice[]) => slices.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest);
  const ratio = medianRatio(rates(dormouse), rates(plain));
  return {
    id: 'P3',
    what: WHAT,
    ratio,
    goal: RATE_GOAL,
    met: ratio >= RATE_GOAL,
    ...summarize(rates(dormouse)),
    unit: 'requests/s',
    details: {
      plainPerSecond: median(rates(plain)),
      ratioBeforeNginx: medianRatio(rates(bare.dormouse), rates(bare.plain)),
      nginxCpuMicrosPerRequest: median(cpu([...dormouse, ...bare.dormouse])),
      plainNginxCpuMicrosPerRequest: median(cpu([...plain, ...bare.plain])),
    },
  };
}

function tailFigure({ dormouse, plain }: Slices, bare: Slices): Figure {
  const tails = (slices: readonly Slice[]) => slices.map(({ p99Ms }) => p99Ms);
  const ratio = medianRatio(tails(dormouse), tails(plain));
  return {
    id: 'P3p99',
    what: 'the 99th percentile of the time to their answers',
    ratio,
    goal: P99_GOAL,
    met: ratio <= P99_GOAL,
    ...summarize(tails(dormouse)),
    unit: 'ms',
    details: {
      plainMs: median(tails(plain)),
      ratioBeforeNginx: medianRatio(tails(bare.dormouse), tails(bare.plain)),
    },
  };
}
