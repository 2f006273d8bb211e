import { describe, expect, test } from 'vitest';
import { branchOf, groupByBranch, membersOf, planWake } from '../../shared/core/branch.ts';
import { aRecord, aWorkload, BRANCH, NOON } from '../fixtures/branches.ts';

const named = aWorkload();
const worker = aWorkload({ name: 'worker', branchLabel: BRANCH });
const database = aWorkload({ kind: 'statefulset', name: 'db', branchLabel: BRANCH });

describe('membersOf', () => {
  test('membersOf names the workload of the branch’s name while there is no claim', () => {
    expect(membersOf(BRANCH, [named, worker], aRecord())).toEqual([named]);
  });

  test('membersOf adds what the claim remembers', () => {
    const record = aRecord({ asleepSinceMs: NOON, replicas: { 'statefulset/db': 1 } });
    expect(membersOf(BRANCH, [named, worker, database], record)).toEqual([named, database]);
  });

  test('membersOf forgets the counts of a claim that has ended', () => {
    const record = aRecord({ replicas: { 'statefulset/db': 1 } });
    expect(membersOf(BRANCH, [named, database], record)).toEqual([named]);
  });

  test('membersOf names only what was claimed where no workload bears the name', () => {
    const record = aRecord({ asleepSinceMs: NOON, replicas: { 'statefulset/db': 1 } });
    expect(membersOf(BRANCH, [worker, database], record)).toEqual([database]);
  });

  test('membersOf names all of them without a record, for doubt means wake', () => {
    expect(membersOf(BRANCH, [worker, database], undefined)).toEqual([worker, database]);
  });

  test('membersOf leaves out a companion at 0 where no workload bears the name, unless all are', () => {
    const [down, alsoDown] = [
      { ...worker, replicas: 0 },
      { ...database, replicas: 0 },
    ];
    expect(membersOf(BRANCH, [down, database], aRecord())).toEqual([database]);
    expect(membersOf(BRANCH, [down, alsoDown], aRecord())).toEqual([down, alsoDown]);
  });

  test('membersOf takes the Deployment where a StatefulSet bears the name too', () => {
    const set = aWorkload({ kind: 'statefulset' });
    expect(membersOf(BRANCH, [set, named], aRecord())).toEqual([named]);
  });
});

describe('branchOf', () => {
  test('branchOf lets the label win over the name', () => {
    expect(branchOf({ name: 'a--g', branchLabel: 'b--g' })).toBe('b--g');
  });

  test.each(['web', '--g', 'web-g', 'web--g-2', 'Feature_X--g', 'foo.bar--g', `${'a'.repeat(61)}--g`])(
    'branchOf gives %j to no branch',
    (name) => {
      expect(branchOf({ name })).toBeUndefined();
      expect(groupByBranch([aWorkload({ name })])).toEqual(new Map());
    },
  );
});

test('planWake prefers the annotation, then what was remembered, then 1', () => {
  const annotated = aWorkload({ annotations: { 'dormouse/replicas': '4' } });
  const record = aRecord({
    asleepSinceMs: NOON,
    replicas: { [`deployment/${BRANCH}`]: 2, 'statefulset/db': 3 },
  });
  const counts = planWake([annotated, database, worker], record).map(({ replicas }) => replicas);
  expect(counts).toEqual([4, 3, 1]);
});
