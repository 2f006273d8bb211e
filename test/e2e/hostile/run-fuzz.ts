import fc from 'fast-check';
import { arbitraryRequest, type HostileRequest, type Target } from './arbitrary-request.ts';
import { floodWithHosts } from './flood.ts';
import { type HostileWorld, startHostileWorld } from './hostile-world.ts';
import { judgeAnswer } from './judge-answer.ts';
import { exchangeRaw, type RawAnswer } from './raw-exchange.ts';
import { logViolations, measureLogs } from './stranger-logs.ts';

export type FuzzOptions = {
  readonly seed: number;
  /** Of arbitrary form, each on a connection of its own. */
  readonly requests: number;
  /** For as many hosts that nobody knows, to the wake function, after those. */
  readonly unknownHosts: number;
  readonly targets: readonly Target[];
  readonly nginx?: string | undefined;
  /** Sends the request of this number, and none other. */
  readonly only?: number | undefined;
  readonly tell?: (text: string) => void;
};

export type FuzzReport = {
  readonly requests: number;
  readonly unknownHosts: number;
  readonly serverErrors: number;
  readonly unhandled: number;
  readonly clusterCallsForStrangers: number;
  /** Whether there is such a Service: bounded by the clock, not by who asks. */
  readonly lookUps: number;
  readonly lookUpsAllowed: number;
  /** Of the wake function, by the unknown hosts alone. */
  readonly rssGrowthMib: number;
  /** Of both functions. */
  readonly logBytes: number;
  readonly logBytesPerRequest: number;
  /** Lines about hosts that nobody knows, while they were flooding in. */
  readonly floodLines: number;
  readonly floodLinesAllowed: number;
  readonly proxyLogBytesPerRequest: number;
  /** How often each kind of status came: `2xx`. */
  readonly answered: Readonly<Record<string, number>>;
  /** 5xx that the contract, or HTTP, names. */
  readonly excused: number;
  /** No whole answer came: the connection was closed, or the request was not whole either. */
  readonly closed: number;
  readonly silent: number;
  readonly seconds: number;
  readonly seed: number;
  readonly violations: readonly string[];
};

type Counts = Record<'serverErrors' | 'excused' | 'closed' | 'silent' | 'sent' | 'toProxy', number> & {
  readonly answered: Record<string, number>;
};
type Violations = { readonly violations: readonly string[] };

const BATCH = 256;
const TELL_EVERY = 40 * BATCH;
const CONCURRENCY = 24;
/** What is not whole may wait for the rest for ever. */
const PATIENCE_MS = { whole: 20_000, odd: 500 };
/** Until then code is compiled and the heap takes its size, whoever asks. */
const WARM_UP_HOSTS = 5_000;
const MAX_RSS_GROWTH_MIB = 32;
const MAX_TOLD = 5;
/** The design's: what is saved up, and what a minute brings. */
const LOOK_UPS_SAVED_UP = 30;
const LOOK_UPS_PER_MINUTE = 30;
const UNHANDLED = /unhandled|uncaught|Exception from a finished function|^\s+at /i;

/** Attacks a world of its own, and says what became of it. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const world = await startHostileWorld({ nginx: options.nginx });
  try {
    return await attack(world, options);
  } finally {
    await world.close();
  }
}

async function attack(world: HostileWorld, options: FuzzOptions): Promise<FuzzReport> {
  const startMs = performance.now();
  const { violations, sent, toProxy, ...counts } = await fuzz(world, options);
  const flood = await flooded(world, options);
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const { lookUps, others } = world.strangerCalls();
  const lookUpsAllowed = LOOK_UPS_SAVED_UP + Math.ceil((seconds / 60) * LOOK_UPS_PER_MINUTE);
  const unhandled = unhandledLines(world);
  const logs = measureLogs(world);
  const measured = {
    requests: sent,
    unknownHosts: options.unknownHosts,
    ...counts,
    unhandled: unhandled.length,
    clusterCallsForStrangers: others.length + Math.max(0, lookUps - lookUpsAllowed),
    lookUps,
    lookUpsAllowed,
    ...flood,
    logBytes: logs.bytes,
    logBytesPerRequest: Math.round(logs.bytes / (sent + options.unknownHosts)),
    proxyLogBytesPerRequest: toProxy === 0 ? 0 : Math.round(logs.proxyBytes / toProxy),
    seconds,
    seed: options.seed,
  };
  const calls = others.map((call) => `Kubernetes was asked about what is no branch: ${call}`);
  const all = [...violations, ...unhandled, ...calls, ...logViolations(world), ...excesses(measured)];
  return { ...measured, violations: all };
}

/** Where something grew beyond its bound. */
function excesses(measured: Omit<FuzzReport, 'violations'>): readonly string[] {
  const { lookUps, lookUpsAllowed, rssGrowthMib, floodLines, floodLinesAllowed } = measured;
  return [
    ...(lookUps > lookUpsAllowed ? [`${lookUps} look-ups of hosts that nobody knows`] : []),
    ...(rssGrowthMib > MAX_RSS_GROWTH_MIB ? [`memory grew by ${rssGrowthMib} MiB`] : []),
    ...(floodLines > floodLinesAllowed ? [`${floodLines} lines about hosts that nobody knows`] : []),
  ];
}

function unhandledLines({ wake, sleep }: HostileWorld): readonly string[] {
  const lines = [wake, sleep].flatMap((each) => each.logged().filter((line) => UNHANDLED.test(line)));
  const dead = [wake, sleep]
    .filter((each) => !each.isAlive())
    .map(({ url }) => `the function at ${url} ended`);
  return [...dead, ...lines.filter((line) => !line.startsWith('{'))];
}

async function fuzz(world: HostileWorld, options: FuzzOptions): Promise<Counts & Violations> {
  const counts = { serverErrors: 0, excused: 0, closed: 0, silent: 0, sent: 0, toProxy: 0, answered: {} };
  const violations: string[] = [];
  const requests = numbered(options);
  const work = async () => {
    for (const [n, request] of requests) {
      const answer = await send(world, request);
      if (count(counts, request, answer)) continue;
      if (violations.length < MAX_TOLD) violations.push(describe(options, n, { request, answer }));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { ...counts, violations };
}

/** Whether it was answered as it should be. */
function count(counts: Counts, request: HostileRequest, answer: RawAnswer): boolean {
  const { outcome } = answer;
  const judgement = judgeAnswer(request, answer);
  counts.sent += 1;
  if (request.target === 'proxy') counts.toProxy += 1;
  if (outcome !== 'answered') counts[outcome] += 1;
  const kind = `${Math.floor((answer.status ?? 0) / 100)}xx`;
  counts.answered[kind] = (counts.answered[kind] ?? 0) + 1;
  if (judgement === 'excused') counts.excused += 1;
  if (judgement === 'server-error') counts.serverErrors += 1;
  return judgement !== 'server-error' && !(outcome === 'silent' && request.isWhole);
}

/** One generator for all workers: each request is made when its turn comes. */
function* numbered(options: FuzzOptions): Generator<[number, HostileRequest]> {
  const { seed, requests, only, tell } = options;
  const arbitrary = arbitraryRequest(options.targets);
  const isWanted = (n: number) => n < requests && (only === undefined || n === only);
  for (let start = 0; start < requests; start += BATCH) {
    if (only !== undefined && (only < start || only >= start + BATCH)) continue;
    if (start % TELL_EVERY === 0) tell?.(`${start} of ${requests} requests`);
    const batch = fc.sample(arbitrary, { seed: seed + start / BATCH, numRuns: BATCH });
    const wanted = batch.map((request, n) => [start + n, request] as const).filter(([n]) => isWanted(n));
    for (const [n, request] of wanted) yield [n, request];
  }
}

function send(world: HostileWorld, { target, text, isWhole }: HostileRequest): Promise<RawAnswer> {
  const { port } = (target === 'proxy' ? world.proxy : world[target]) ?? world.wake;
  return exchangeRaw({ port, text, patienceMs: isWhole ? PATIENCE_MS.whole : PATIENCE_MS.odd });
}

type Exchange = { readonly request: HostileRequest; readonly answer: RawAnswer };

function describe(
  { seed, requests, targets }: FuzzOptions,
  n: number,
  { request, answer }: Exchange,
): string {
  const command = `npm run fuzz -- --requests ${requests} --seed ${seed} --targets ${targets} --only ${n}`;
  const sent = JSON.stringify(request.text.slice(0, 2_000));
  return `request ${n} to ${request.target} was answered ${answer.status}: ${sent}\n${answer.head}\n${command}`;
}

async function flooded({ wake }: HostileWorld, { unknownHosts, tell }: FuzzOptions) {
  const { port } = wake;
  if (unknownHosts === 0) return { floodLines: 0, floodLinesAllowed: 0, rssGrowthMib: 0 };
  await floodWithHosts({ port, hosts: WARM_UP_HOSTS, name: 'warm-up' });
  const rssBefore = await wake.rssMib();
  const linesBefore = wake.logged().length;
  tell?.(`${unknownHosts} hosts that nobody knows, from ${Math.round(rssBefore)} MiB on`);
  const startMs = performance.now();
  await floodWithHosts({ port, hosts: unknownHosts, name: 'flood' });
  const minutes = (performance.now() - startMs) / 60_000;
  const floodLines = wake.logged().length - linesBefore;
  const rssGrowthMib = Math.round(((await wake.rssMib()) - rssBefore) * 10) / 10;
  // Three routes log, each 60 lines that are saved up and 60 a minute.
  const floodLinesAllowed = Math.ceil(3 * (60 + 60 * minutes));
  return { floodLines, floodLinesAllowed, rssGrowthMib };
}
