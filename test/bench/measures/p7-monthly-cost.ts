import { billOf, priceAlwaysOn, type Usage } from '../cost/bill.ts';
import { ASSUMED, type Month, simulateMonth } from '../cost/simulate-month.ts';
import { createThrottle, DAY_MS, TEN_MILLION } from '../cost/traffic.ts';
import type { Figure, Measure } from '../measure.ts';

const GOAL_USD = 1;
const VISITS = 10_000_000;
const WHAT = 'USD a month for 100 branches and 10 million requests, with what is free; e2-small beside it';
const MS_PER_SECOND = 1_000;
const GIB = 2 ** 30;

/** P7: the bill of a simulated month, modelled from counted operations. It is the same each time. */
export const monthlyCost: Measure = {
  id: 'P7',
  what: WHAT,
  measure: async () => [figureOf(await simulateMonth(TEN_MILLION))],
};

function figureOf({ usage, touches, visits, wakes, sleeps }: Month): Figure {
  const net = billOf(usage, { isFreeTier: true }).total;
  const gross = billOf(usage, { isFreeTier: false });
  const sum = (days: readonly number[]) => days.reduce((total, count) => total + count, 0);
  return {
    id: 'P7',
    what: WHAT,
    ratio: net,
    goal: GOAL_USD,
    met: net <= GOAL_USD,
    n: 1,
    median: net,
    spread: 0,
    unit: 'USD',
    details: {
      withoutFreeTierUsd: gross.total,
      functionsUsd: gross.functions,
      firestoreUsd: gross.firestore,
      schedulerUsd: gross.scheduler,
      logsUsd: gross.logs,
      alwaysOnE2SmallUsd: priceAlwaysOn(),
      worstUsd: billOf(worstUsage(), { isFreeTier: true }).total,
      visits,
      touches,
      wakes,
      sleeps,
      functionRequests: usage.requests,
      busySeconds: usage.busySeconds,
      firestoreReads: sum(usage.reads),
      firestoreWrites: sum(usage.writes),
      logGib: usage.logBytes / GIB,
    },
  };
}

/** The same visits, but evenly spread over the month, day and night, as no person makes them: most are touches. */
function worstUsage(): Usage {
  const { branches, days } = TEN_MILLION;
  const everyMs = (days * DAY_MS * branches) / VISITS;
  const throttle = createThrottle(ASSUMED.touchesPerMinute);
  let touches = 0;
  for (let atMs = 0; atMs < DAY_MS; atMs += everyMs) if (throttle(0, atMs)) touches += branches;
  const perDay = (count: number) => Array.from({ length: days }, () => count);
  const calls = touches * days;
  return {
    requests: calls,
    busySeconds: (calls * ASSUMED.touchMs) / MS_PER_SECOND,
    memoryGib: ASSUMED.memoryGib,
    reads: perDay(0),
    writes: perDay(touches),
    schedulerJobs: 1,
    logBytes: calls * (ASSUMED.requestLogBytes + ASSUMED.entryBytes),
  };
}
