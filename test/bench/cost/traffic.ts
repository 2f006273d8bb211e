/** A month of people's visits to branches, the same each time: 10 million requests. */
export type Traffic = {
  readonly branches: number;
  readonly days: number;
  /** Of a branch on a working day. */
  readonly pagesPerDay: number;
  /** Of a page: the document, its assets, its calls. */
  readonly requestsPerPage: number;
};

/** When nginx passes a visit on, and to whom it was. */
export type Touch = { readonly atMs: number; readonly branch: number };

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const WORKDAYS_OF_WEEK = 5;
const DAYS_OF_WEEK = 7;
/** Each working day somebody works on each branch for so long, beginning between 9 and 15 o'clock. */
const FIRST_HOUR = 9;
const LATEST_BEGIN_HOUR = 15;
const SESSION_MS = 3 * HOUR_MS;
/** A page's requests come within this time. */
const PAGE_MS = 3_000;

/** 22 working days of 100 branches: 100 × 22 × 152 × 30 are 10 million requests. */
export const TEN_MILLION: Traffic = { branches: 100, days: 30, pagesPerDay: 152, requestsPerPage: 30 };

/** The touches that are left of a day's requests, in order, and how many requests there were. */
export function touchesOfDay(
  traffic: Traffic,
  day: number,
  throttle: (branch: number, atMs: number) => boolean,
): { readonly touches: readonly Touch[]; readonly requests: number } {
  if (day % DAYS_OF_WEEK >= WORKDAYS_OF_WEEK) return { touches: [], requests: 0 };
  const touches: Touch[] = [];
  let requests = 0;
  for (let branch = 0; branch < traffic.branches; branch += 1) {
    const random = createRandom(day * traffic.branches + branch + 1);
    for (const atMs of requestTimes(traffic, random)) {
      requests += 1;
      const touchMs = day * DAY_MS + atMs;
      if (throttle(branch, touchMs)) touches.push({ atMs: touchMs, branch });
    }
  }
  return { touches: touches.sort((one, other) => one.atMs - other.atMs), requests };
}

function requestTimes(traffic: Traffic, random: () => number): readonly number[] {
  const { pagesPerDay, requestsPerPage } = traffic;
  const beginMs = (FIRST_HOUR + random() * (LATEST_BEGIN_HOUR - FIRST_HOUR)) * HOUR_MS;
  const pages = Array.from({ length: pagesPerDay }, () => beginMs + random() * SESSION_MS);
  const times = pages.flatMap((pageMs) =>
    Array.from({ length: requestsPerPage }, (_, n) => pageMs + (n / requestsPerPage) * PAGE_MS),
  );
  return times.sort((one, other) => one - other);
}

/**
 * nginx's limit_req without burst, in its own whole numbers: a rate is thousandths of a request a second.
 * Source: nginx, ngx_http_limit_req_module.c
 */
export function createThrottle(touchesPerMinute: number): (branch: number, atMs: number) => boolean {
  const rate = Math.floor((touchesPerMinute * 1_000) / 60);
  const lastMs = new Map<number, number>();
  return (branch, atMs) => {
    const since = Math.floor(atMs) - (lastMs.get(branch) ?? Number.NEGATIVE_INFINITY);
    if (1_000 - Math.floor((rate * since) / 1_000) > 0) return false;
    lastMs.set(branch, Math.floor(atMs));
    return true;
  };
}

/** mulberry32: the same numbers from 0 to 1 for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
