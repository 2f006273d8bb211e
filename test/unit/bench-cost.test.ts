import { describe, expect, test } from 'vitest';
import { billOf, type Usage } from '../bench/cost/bill.ts';
import { billedSeconds } from '../bench/cost/busy-time.ts';
import { simulateMonth } from '../bench/cost/simulate-month.ts';
import { createThrottle, touchesOfDay } from '../bench/cost/traffic.ts';

const nothing: Usage = {
  requests: 0,
  busySeconds: 0,
  memoryGib: 0.5,
  reads: [],
  writes: [],
  schedulerJobs: 0,
  logBytes: 0,
};
const gross = (usage: Partial<Usage>) => billOf({ ...nothing, ...usage }, { isFreeTier: false });
const net = (usage: Partial<Usage>) => billOf({ ...nothing, ...usage }, { isFreeTier: true });

describe('a bill', () => {
  test('adds up what every part costs', () => {
    const bill = gross({ requests: 1_000_000, busySeconds: 100_000, reads: [100_000], writes: [100_000] });
    expect(bill.functions).toBeCloseTo(0.4 + 2.4 + 0.125);
    expect(bill.firestore).toBeCloseTo(0.03 + 0.09);
    expect(bill.total).toBeCloseTo(bill.functions + bill.firestore);
  });

  test('asks for nothing of what is free, and for all beyond it', () => {
    expect(net({ requests: 2_000_000, busySeconds: 180_000, schedulerJobs: 3 }).total).toBe(0);
    expect(net({ requests: 3_000_000 }).total).toBeCloseTo(0.4);
    expect(net({ schedulerJobs: 4, logBytes: 51 * 2 ** 30 }).total).toBeCloseTo(0.1 + 0.5);
  });

  test('counts what Firestore gives away day by day: a quiet day does not pay for a busy one', () => {
    expect(net({ writes: [0, 40_000] }).firestore).toBeCloseTo((20_000 * 0.09) / 100_000);
  });
});

describe('the time of an instance that is billed', () => {
  test('counts requests that overlap once', () => {
    const times = [
      { fromMs: 500, toMs: 1_500 },
      { fromMs: 0, toMs: 1_000 },
    ];
    expect(billedSeconds(times)).toBe(1.5);
  });

  test('is rounded up to 100 ms for each stretch', () => {
    const times = [
      { fromMs: 0, toMs: 1 },
      { fromMs: 5_000, toMs: 5_101 },
    ];
    expect(billedSeconds(times)).toBeCloseTo(0.3);
  });
});

describe('the throttle of four touches a minute', () => {
  test('passes the first visit, none before 15.2 s are over, and then the next', () => {
    const throttle = createThrottle(4);
    expect([0, 1, 15_151, 15_152, 15_153].map((ms) => throttle(0, ms))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  test('is one of each branch', () => {
    const throttle = createThrottle(4);
    expect([throttle(0, 0), throttle(1, 0)]).toEqual([true, true]);
  });
});

describe('a month of visits', () => {
  const small = { branches: 3, days: 7, pagesPerDay: 10, requestsPerPage: 5 };

  test('has none at the weekend', () => {
    expect(touchesOfDay(small, 5, () => true)).toEqual({ touches: [], requests: 0 });
    expect(touchesOfDay(small, 4, () => true).requests).toBe(150);
  });

  test('is the same each time', async () => {
    expect(await simulateMonth(small)).toEqual(await simulateMonth(small));
  });

  test('wakes every branch each working day, and puts it to sleep again', async () => {
    const month = await simulateMonth(small);
    expect(month.wakes).toBeGreaterThanOrEqual(3 * 5);
    expect(month.sleeps).toBe(month.wakes + 3); // all are awake at first
  });
});
