import { startTouchWorld, touches } from '../load/touch-world.ts';
import type { Measure } from '../measure.ts';
import { median, medianRatio, summarize } from '../statistics.ts';

/** The same load for 100 and 10,000: all that differs is how many branches each has met before. */
const FEW = 100;
const KNOWN = [1, FEW, 10_000] as const;
const MOST = 10_000;
/** Of those that it knows, so many are visited: each costs a write and a look every 10 s, whoever else is known. */
const VISITED = 20;
const CONNECTIONS = 64;
const SLICE_MS = 800;
const REPETITIONS = 13;
const GOAL = 0.85;
const WHAT = 'touches/s of an instance that knows 10,000 branches ÷ of one that knows 100; 20 are visited';

/** P8b: what an instance remembers does not slow it down. */
export const growthOfTouches: Measure = {
  id: 'P8b',
  what: WHAT,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.adopt(await startTouchWorld(MOST), (started) => started.stop());
    const rates = new Map(KNOWN.map((known) => [known as number, [] as number[]]));
    const instances = new Map<number, number>();
    for (const known of KNOWN) instances.set(known, (await world.startWake(known)).port);
    for (let repetition = 0; repetition <= REPETITIONS; repetition += 1) {
      for (const [known, port] of instances) {
        const load = {
          port,
          connections: CONNECTIONS,
          durationMs: SLICE_MS,
          requests: touches(Math.min(known, VISITED)),
          status: 204,
        };
        const { perSecond } = await world.client.send(load);
        if (repetition > 0) rates.get(known)?.push(perSecond); // the first warms up
      }
    }
    const of = (known: number) => rates.get(known) ?? [];
    const ratio = medianRatio(of(MOST), of(FEW));
    return [
      {
        id: 'P8b',
        what: WHAT,
        ratio,
        goal: GOAL,
        met: ratio >= GOAL,
        ...summarize(of(MOST)),
        unit: 'requests/s',
        // With one branch known, only one can be visited, and there is less to write.
        details: {
          of100PerSecond: median(of(FEW)),
          of1PerSecond: median(of(1)),
          ratioTo1: medianRatio(of(MOST), of(1)),
        },
      },
    ];
  },
};
