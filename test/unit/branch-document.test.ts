import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatBranchDocument,
  parseBranchDocument,
  planBranchWrite,
} from '../../shared/adapters/records/branch-document.ts';
import type { BranchRecord, RecordChange } from '../../shared/core/branch-record.ts';

const timeMs = fc.integer({ min: 0, max: 4_102_444_800_000 });
const ref = fc
  .tuple(fc.constantFrom('deployment', 'statefulset'), fc.stringMatching(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/))
  .map(([kind, name]) => `${kind}/${name}`);
const counts = fc.dictionary(ref, fc.integer({ min: 1, max: 1_000 }), { noNullPrototype: true });
const revisions = fc.dictionary(ref, fc.string({ minLength: 1 }), { noNullPrototype: true });
const anyRecord = fc.record(
  {
    lastAccessMs: timeMs,
    lastBackgroundMs: timeMs,
    asleepSinceMs: timeMs,
    replicas: counts,
    revisions,
    offSinceMs: timeMs,
    contested: fc.nat(),
    pinnedUntilMs: timeMs,
    wakeMs: fc.array(fc.double({ min: 0, max: 1e9, noNaN: true })),
    deletionAnnouncedAtMs: timeMs,
    expireAtMs: timeMs,
  },
  { requiredKeys: ['lastAccessMs', 'wakeMs'], noNullPrototype: true },
) as fc.Arbitrary<BranchRecord>;

const time = new Date('2026-11-25T10:00:00.123Z');
const asleep = {
  v: 1,
  lastAccess: time,
  asleepSince: time,
  replicas: { 'deployment/web--g': 2, 'statefulset/db.web--g': 1 },
  wakeMs: [2_100, 1_900.5],
};

describe('parseBranchDocument', () => {
  test('reads a document of a branch that is asleep', () => {
    expect(parseBranchDocument(asleep)).toEqual({
      record: {
        lastAccessMs: time.getTime(),
        asleepSinceMs: time.getTime(),
        replicas: { 'deployment/web--g': 2, 'statefulset/db.web--g': 1 },
        wakeMs: [2_100, 1_900.5],
      },
    });
  });

  test('reads back what formatBranchDocument writes, for any record', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(parseBranchDocument(formatBranchDocument(record))).toEqual({ record });
      }),
    );
  });

  test('reads a record or names a problem and never throws, for any value', () => {
    const anything = fc.oneof(fc.anything({ withDate: true, withBigInt: true }), fc.jsonValue());
    fc.assert(
      fc.property(anything, (value) => {
        const parsed = parseBranchDocument(value);
        expect('record' in parsed || parsed.problem.length > 0).toBe(true);
      }),
    );
  });

  test('names a field it knows or reads a record that is right, for any fields', () => {
    const value = fc.oneof(fc.jsonValue(), fc.date({ noInvalidDate: false }), fc.array(fc.nat()), counts);
    const names = [...Object.keys(formatBranchDocument(full)), 'later'];
    const fields = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
    fc.assert(
      fc.property(fields, (document) => {
        const parsed = parseBranchDocument({ ...document, v: 1 });
        if ('problem' in parsed) expect(names).toContain(parsed.problem.split(' ')[0]);
        else expect(parseBranchDocument(formatBranchDocument(parsed.record))).toEqual(parsed);
      }),
    );
  });

  test('tolerates fields of a later Dormouse within version 1', () => {
    const parsed = parseBranchDocument({ ...asleep, mood: 'sleepy' });
    expect(parsed).toEqual(parseBranchDocument(asleep));
  });

  test.each([
    [2, 'v is 2: expected 1 (written by a newer Dormouse)'],
    [0, 'v is 0: expected 1'],
    ['1', "v is '1': expected 1"],
    [undefined, 'v is missing: expected 1'],
  ])('refuses version %j', (v, problem) => {
    expect(parseBranchDocument({ ...asleep, v })).toEqual({ problem });
  });

  test.each([
    ['lastAccess', undefined, 'lastAccess is missing: expected a timestamp'],
    ['lastAccess', 'yesterday', "lastAccess is 'yesterday': expected a timestamp"],
    ['lastAccess', new Date(Number.NaN), 'lastAccess is Invalid Date: expected a timestamp'],
    ['asleepSince', 1_700_000_000_000, 'asleepSince is 1700000000000: expected a timestamp'],
    ['lastBackground', 'now', "lastBackground is 'now': expected a timestamp"],
    ['deletionAnnouncedAt', 0, 'deletionAnnouncedAt is 0: expected a timestamp'],
    ['offSince', null, 'offSince is null: expected a timestamp'],
    ['contested', -1, 'contested is -1: expected a whole number, 0 or more'],
    ['contested', 1.5, 'contested is 1.5: expected a whole number, 0 or more'],
    ['pinnedUntil', {}, 'pinnedUntil is {}: expected a timestamp'],
    ['wakeMs', undefined, 'wakeMs is missing: expected a list of durations in ms'],
    ['wakeMs', [1, -1], 'wakeMs is [ 1, -1 ]: expected a list of durations in ms'],
    ['expireAt', [], 'expireAt is []: expected a timestamp'],
  ])('names %s when it is %j', (field, value, problem) => {
    expect(parseBranchDocument({ ...asleep, [field]: value })).toEqual({ problem });
  });

  test.each([
    [{ 'deployment/web': 0 }],
    [{ 'deployment/web': 1.5 }],
    [{ 'deployment/web': '2' }],
    [{ 'cronjob/web': 1 }],
    [{ web: 1 }],
    [[1]],
  ])('refuses replicas %j: to wake by them would wake nothing', (replicas) => {
    const parsed = parseBranchDocument({ ...asleep, replicas });
    expect(parsed).toHaveProperty('problem', expect.stringMatching(/^replicas is .*: expected a map of/));
  });

  test.each([[{ 'deployment/web': 3 }], [{ 'deployment/web': null }], [{ web: '3' }], [['3']], ['3']])(
    'refuses revisions %j: a deploy must not pass for a contest',
    (revisions) => {
      const parsed = parseBranchDocument({ ...asleep, revisions });
      expect(parsed).toHaveProperty('problem', expect.stringMatching(/^revisions is .*: expected a map of/));
    },
  );

  test('keeps a problem short and on one line, however long the value', () => {
    const parsed = parseBranchDocument({ ...asleep, lastAccess: { text: 'x\n'.repeat(10_000) } });
    const problem = 'problem' in parsed ? parsed.problem : '';
    expect(problem.length).toBeLessThan(150);
    expect(problem).not.toContain('\n');
  });
});

describe('planBranchWrite', () => {
  test('sorts a change into fields to set, to remove and to stamp', () => {
    const change: RecordChange = {
      asleepSince: 'now',
      replicas: { 'deployment/a.b': 2 },
      revisions: { 'deployment/a.b': '7' },
      deletionAnnouncedAt: 'now',
      offSince: 'clear',
      contested: 1,
      expireAtMs: 'clear',
      pinnedUntilMs: time.getTime(),
      wakeMs: [5],
    };
    expect(planBranchWrite(change)).toEqual({
      set: {
        replicas: { 'deployment/a.b': 2 },
        revisions: { 'deployment/a.b': '7' },
        contested: 1,
        pinnedUntil: time,
        wakeMs: [5],
      },
      clear: ['offSince', 'expireAt'],
      stamp: ['asleepSince', 'deletionAnnouncedAt'],
    });
  });

  test('writes nothing for a change that names nothing', () => {
    expect(planBranchWrite({})).toEqual({ set: {}, clear: [], stamp: [] });
  });
});

const full: BranchRecord = {
  lastAccessMs: 1,
  lastBackgroundMs: 1,
  asleepSinceMs: 2,
  replicas: {},
  revisions: {},
  offSinceMs: 3,
  contested: 4,
  pinnedUntilMs: 5,
  wakeMs: [],
  deletionAnnouncedAtMs: 6,
  expireAtMs: 6,
};
