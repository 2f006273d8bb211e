import { FREE, PRICES } from './prices.ts';

/** What a month took, as Google counts it. */
export type Usage = {
  readonly requests: number;
  /** In which at least one request was under way, or an instance started; each instance has one CPU. */
  readonly busySeconds: number;
  readonly memoryGib: number;
  /** Of each day. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly schedulerJobs: number;
  readonly logBytes: number;
};

/** In USD. */
export type Bill = {
  readonly functions: number;
  readonly firestore: number;
  readonly scheduler: number;
  readonly logs: number;
  readonly total: number;
};

type Free = typeof FREE | typeof NOTHING_FREE;

const NOTHING_FREE = {
  functions: { vcpuSeconds: 0, gibSeconds: 0, requests: 0 },
  firestore: { reads: 0, writes: 0 },
  schedulerJobs: 0,
  logGib: 0,
};
const GIB = 2 ** 30;
const HOURS_PER_MONTH = 730;

/** What Google asks for it; `isFreeTier`: nobody else of the billing account uses what is free. */
export function billOf(usage: Usage, options: { readonly isFreeTier: boolean }): Bill {
  const free: Free = options.isFreeTier ? FREE : NOTHING_FREE;
  const parts = {
    functions: priceFunctions(usage, free),
    firestore: priceFirestore(usage, free),
    scheduler: beyond(usage.schedulerJobs, free.schedulerJobs) * PRICES.schedulerJob,
    logs: beyond(usage.logBytes / GIB, free.logGib) * PRICES.logGib,
  };
  const { functions, firestore, scheduler, logs } = parts;
  return { ...parts, total: functions + firestore + scheduler + logs };
}

/** A month of the smallest machine that one would run such a thing on. */
export function priceAlwaysOn(): number {
  return PRICES.e2SmallHour * HOURS_PER_MONTH;
}

function priceFunctions({ busySeconds, memoryGib, requests }: Usage, { functions: free }: Free): number {
  return (
    beyond(busySeconds, free.vcpuSeconds) * PRICES.functions.vcpuSecond +
    beyond(busySeconds * memoryGib, free.gibSeconds) * PRICES.functions.gibSecond +
    beyond(requests, free.requests) * PRICES.functions.request
  );
}

/** What is free is free each day. */
function priceFirestore({ reads, writes }: Usage, { firestore: free }: Free): number {
  const sum = (days: readonly number[], daily: number) =>
    days.reduce((total, count) => total + beyond(count, daily), 0);
  return sum(reads, free.reads) * PRICES.firestore.read + sum(writes, free.writes) * PRICES.firestore.write;
}

function beyond(amount: number, free: number): number {
  return Math.max(0, amount - free);
}
