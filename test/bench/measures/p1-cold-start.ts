import path from 'node:path';
import type { Figure, Measure } from '../measure.ts';
import { median, medianRatio, summarize } from '../statistics.ts';
import { ASLEEP, AWAKE, CACHE, type ColdWorld, startColdWorld } from './p1-cold-world.ts';
import { type ColdStart, type Program, startOnce } from './p1-start-once.ts';

const ROUNDS = 15;
const WARM_UP_ATTEMPTS = 10;

/** P1, P1b, P1m: from the spawn of the packaged `wake` to what the first visitor waits for. */
export const coldStart: Measure = {
  id: 'P1',
  what: 'cold start of the packaged wake ÷ functions-framework hello world',
  measure: async () => {
    const world = await startColdWorld();
    try {
      return figuresOf(await measureAll(world));
    } finally {
      await world.stop();
    }
  },
};

type Starts = Readonly<Record<keyof ReturnType<typeof programsOf>, readonly ColdStart[]>>;

/** All of them in turn, many times over; the first round fills caches and does not count. */
async function measureAll(world: ColdWorld): Promise<Starts> {
  const starts: Record<string, ColdStart[]> = {};
  await warmUp(programsOf(world).wake);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [side, program] of Object.entries(programsOf(world))) {
      const isAsleep = program.headers === FOR_ASLEEP;
      const start = await (isAsleep ? untilScaled(world, program) : startOnce(program));
      if (round > 0) starts[side] = [...(starts[side] ?? []), start];
    }
  }
  return starts as Record<keyof Starts, ColdStart[]>;
}

/** The emulator's first writes may take longer than a touch waits for its store, and then a touch fails. */
async function warmUp(program: Program): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return void (await startOnce(program));
    } catch (error) {
      if (attempt === WARM_UP_ATTEMPTS) throw error;
    }
  }
}

const FOR_AWAKE = { 'X-Dormouse-Host': `${AWAKE}.example.com` };
const FOR_ASLEEP = { 'X-Dormouse-Host': `${ASLEEP}.example.com` };

function programsOf({ archiveFolder, helloFolder, wakeEnv, productionEnv }: ColdWorld) {
  const hello: Program = { folder: helloFolder, env: { FUNCTION_TARGET: 'hello' }, path: '/', status: 200 };
  const wake: Program = {
    folder: archiveFolder,
    env: wakeEnv,
    path: '/touch',
    headers: FOR_AWAKE,
    status: 204,
  };
  const production = { ...wake, env: productionEnv };
  return {
    hello,
    helloWithCache: withCache(hello),
    wake: withCache(wake),
    wakeWithoutCache: withoutCache(wake),
    sleeping: withCache({ ...wake, headers: FOR_ASLEEP }),
    production: withCache(production),
    productionWithoutCache: withoutCache(production),
  };
}

/** As terraform/environment.tf sets it. */
function withCache(program: Program): Program {
  return { ...program, env: { ...program.env, NODE_COMPILE_CACHE: path.join(program.folder, CACHE) } };
}

function withoutCache(program: Program): Program {
  return { ...program, env: { ...program.env, NODE_DISABLE_COMPILE_CACHE: '1' } };
}

/** The time is that at which the scale PATCH comes by, which is before the answer. */
async function untilScaled({ gate, putToSleep }: ColdWorld, program: Program): Promise<ColdStart> {
  await putToSleep();
  const scaled = gate.nextScale();
  const start = await startOnce(program);
  return { ...start, wallMs: (await scaled) - start.spawnedMs };
}

function figuresOf(starts: Starts): readonly Figure[] {
  return [
    figureOf(starts, { id: 'P1', side: 'wake', unit: 'ms', goal: 1.5, what: P1_WHAT }),
    figureOf(starts, { id: 'P1b', side: 'sleeping', unit: 'ms', goal: 2, what: P1B_WHAT }),
    figureOf(starts, { id: 'P1m', side: 'wake', unit: 'MiB', goal: 1.3, what: P1M_WHAT }),
  ];
}

const P1_WHAT = 'spawn of the packaged wake → first touch of an awake branch answered ÷ hello world';
const P1B_WHAT = 'spawn of the packaged wake → scale PATCH of a sleeping branch ÷ hello world';
const P1M_WHAT = 'resident memory of wake after its first touch ÷ hello world';

type Row = {
  readonly id: string;
  readonly side: keyof Starts;
  readonly unit: 'ms' | 'MiB';
  readonly goal: number;
  readonly what: string;
};

function figureOf(starts: Starts, { id, side, unit, goal, what }: Row): Figure {
  const read = ({ wallMs, rssMib }: ColdStart) => (unit === 'ms' ? wallMs : rssMib);
  const ratioOf = (each: keyof Starts) => medianRatio(starts[each].map(read), starts.hello.map(read));
  const ratio = ratioOf(side);
  const sides = Object.keys(starts) as (keyof Starts)[];
  const medians = sides.map((each) => [
    `${each}${unit === 'ms' ? 'Ms' : 'Mib'}`,
    median(starts[each].map(read)),
  ]);
  const ratios = sides.map((each) => [`${each}Ratio`, ratioOf(each)]);
  const cpu = sides.map((each) => [`${each}CpuMs`, median(starts[each].map(({ cpuMs }) => cpuMs))]);
  const details = Object.fromEntries(
    unit === 'ms' ? [...medians, ...ratios, ...cpu] : [...medians, ...ratios],
  );
  const { n, median: middle, spread } = summarize(starts[side].map(read));
  return { id, what, ratio, goal, met: ratio <= goal, n, median: middle, spread, unit, details };
}
