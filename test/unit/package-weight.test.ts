import { expect, test } from 'vitest';
import { judgeWeight, type Weight } from '../../functions/package/judge-weight.ts';

const RECORDED: Weight = {
  bundleBytes: 10_000,
  start: { wake: { bytes: 1_000, packages: ['zod'] }, sleep: { bytes: 2_000, packages: [] } },
};
const withWake = (wake: Weight['start'][string]): Weight => ({
  ...RECORDED,
  start: { ...RECORDED.start, wake },
});

test('judgeWeight finds nothing wrong with what was recorded, nor with less', () => {
  expect(judgeWeight(RECORDED, RECORDED)).toEqual([]);
  expect(judgeWeight(RECORDED, withWake({ bytes: 1, packages: [] }))).toEqual([]);
});

test.each([
  [11_000, 0],
  [11_001, 1],
])('judgeWeight lets a bundle of 10,000 bytes grow to %i: %i problems', (bundleBytes, problems) => {
  expect(judgeWeight(RECORDED, { ...RECORDED, bundleBytes })).toHaveLength(problems);
});

test.each([
  [1_100, 0],
  [1_101, 1],
])('judgeWeight lets a start of 1,000 bytes grow to %i: %i problems', (bytes, problems) => {
  expect(judgeWeight(RECORDED, withWake({ bytes, packages: ['zod'] }))).toHaveLength(problems);
});

test('judgeWeight names the package that a start loads beyond the list, and what to do', () => {
  expect(judgeWeight(RECORDED, withWake({ bytes: 1_000, packages: ['lodash', 'zod'] }))).toEqual([
    'wake loads the package lodash to start, which is not on the list: if that is meant, run `npm run package -- --record` and commit functions/package/weight.json',
  ]);
});

test('judgeWeight takes a function that was not recorded for all growth', () => {
  const added = { ...RECORDED, start: { ...RECORDED.start, announce: { bytes: 5, packages: ['zod'] } } };
  expect(judgeWeight(RECORDED, added)).toEqual([
    expect.stringMatching(/^what announce loads to start has grown from 0 to 5 bytes/),
    expect.stringMatching(/^announce loads the package zod/),
  ]);
});
