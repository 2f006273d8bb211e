import { describe, expect, test } from 'vitest';
import { median, medianRatio, quantile, summarize } from '../bench/statistics.ts';

describe('a summary', () => {
  test('has the middle value and the range of the middle half, whatever the order', () => {
    expect(summarize([9, 1, 5, 3, 7])).toEqual({ n: 5, median: 5, spread: 4 });
  });

  test('of an even number of values lies between the two in the middle', () => {
    expect(median([1, 2, 3, 10])).toBe(2.5);
  });

  test('of one value is that value, without spread', () => {
    expect(summarize([4])).toEqual({ n: 1, median: 4, spread: 0 });
  });

  test('of nothing is no number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('a quantile', () => {
  const hundred = Array.from({ length: 101 }, (_, n) => n);

  test.each([
    [0, 0],
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])('at %d of 0 to 100 is %d', (share, value) => {
    expect(quantile(hundred, share)).toBeCloseTo(value);
  });

  test('leaves the values in their order', () => {
    const values = [3, 1, 2];
    quantile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('a ratio', () => {
  test('is the middle one of the pairs, so that a slow minute for both sides changes nothing', () => {
    expect(medianRatio([100, 10, 100], [50, 5, 50])).toBe(2);
  });

  test('does not count what has no counterpart', () => {
    expect(medianRatio([2, 4, 100], [1, 2])).toBe(2);
  });
});
