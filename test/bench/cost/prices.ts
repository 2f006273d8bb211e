/**
 * List prices in USD of a tier 1 region (us-central1) without discounts, and what is free of charge each month or day.
 * docs/cost.md says where each is from, and of which day that page is.
 */
export const PRICES = {
  functions: { vcpuSecond: 0.000_024, gibSecond: 0.000_002_5, request: 0.4 / 1_000_000 },
  firestore: { read: 0.03 / 100_000, write: 0.09 / 100_000 },
  schedulerJob: 0.1,
  logGib: 0.5,
  e2SmallHour: 0.016_75,
} as const;

export const FREE = {
  functions: { vcpuSeconds: 180_000, gibSeconds: 360_000, requests: 2_000_000 },
  /** A day, in one database of a project. */
  firestore: { reads: 50_000, writes: 20_000 },
  schedulerJobs: 3,
  logGib: 50,
} as const;
