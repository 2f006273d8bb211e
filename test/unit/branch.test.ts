import { describe, expect, test } from 'vitest';
import {
  branchOf,
  groupByBranch,
  isDeployedSinceClaim,
  isVisitedSinceClaim,
  membersOf,
  planWake,
} from '../../shared/core/branch.ts';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import { aRecord, aWorkload, BRANCH, HOUR, MINUTE, NOON } from '../fixtures/branches.ts';

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
  const surroundings = { inherited: {}, bounds: new Map() };
  const counts = planWake([annotated, database, worker], record, surroundings).map(
    ({ replicas }) => replicas,
  );
  expect(counts).toEqual([4, 3, 1]);
});

test.each([
  { min: 2, max: 5, remembered: 1, wakesTo: 2 },
  { min: 2, max: 5, remembered: 3, wakesTo: 3 },
  { min: 2, max: 5, remembered: 9, wakesTo: 5 },
  { min: 0, max: 5, remembered: undefined, wakesTo: 1 },
])('planWake wakes to $wakesTo within $min and $max of an HPA, having had $remembered', (given) => {
  const { min, max, remembered, wakesTo } = given;
  const ref = `deployment/${BRANCH}` as const;
  const replicas = remembered === undefined ? {} : { [ref]: remembered };
  const surroundings = { inherited: {}, bounds: new Map([[ref, { min, max }]]) };
  const record = aRecord({ asleepSinceMs: NOON, replicas });
  expect(planWake([aWorkload({ replicas: 0 })], record, surroundings)).toEqual([{ ref, replicas: wakesTo }]);
});

test('planWake takes the replicas of the namespace for a workload that names none', () => {
  const surroundings = { inherited: { 'dormouse/replicas': '3' }, bounds: new Map() };
  const own = aWorkload({ name: 'own', annotations: { 'dormouse/replicas': '2' } });
  const counts = planWake([aWorkload(), own], aRecord(), surroundings).map(({ replicas }) => replicas);
  expect(counts).toEqual([3, 2]);
});

describe('isVisitedSinceClaim', () => {
  const limits = { visitSlackMs: MINUTE, backgroundMaxMs: 12 * HOUR };
  const claim = (changes: Partial<BranchRecord>) => aRecord({ asleepSinceMs: NOON + 12 * HOUR, ...changes });

  test('isVisitedSinceClaim heeds background activity up to its limit after the last request', () => {
    const late = claim({ lastAccessMs: NOON + MINUTE, lastBackgroundMs: NOON + MINUTE + 12 * HOUR - 1 });
    expect(isVisitedSinceClaim(late, limits)).toBe(true);
    expect(isVisitedSinceClaim({ ...late, lastBackgroundMs: NOON + MINUTE + 12 * HOUR }, limits)).toBe(false);
  });

  test('isVisitedSinceClaim does not heed background activity from before the claim', () => {
    const before = claim({ lastAccessMs: NOON + HOUR, lastBackgroundMs: NOON + 12 * HOUR - MINUTE });
    expect(isVisitedSinceClaim(before, limits)).toBe(false);
    expect(isVisitedSinceClaim({ ...before, lastBackgroundMs: NOON + 12 * HOUR - MINUTE + 1 }, limits)).toBe(
      true,
    );
  });
});

describe('isDeployedSinceClaim', () => {
  const ref = `deployment/${BRANCH}` as const;
  const record = aRecord({ asleepSinceMs: NOON, revisions: { [ref]: '3' } });

  test('isDeployedSinceClaim is true once a pod template is another one, whatever was edited', () => {
    const edited = aWorkload({ revision: '3', lastEditMs: NOON + HOUR });
    expect(isDeployedSinceClaim(record, [edited])).toBe(false);
    expect(isDeployedSinceClaim(record, [{ ...edited, revision: '4' }])).toBe(true);
  });

  test('isDeployedSinceClaim goes by the last edit where the claim noted no template', () => {
    const old = aRecord({ asleepSinceMs: NOON });
    expect(isDeployedSinceClaim(old, [aWorkload({ revision: '3', lastEditMs: NOON })])).toBe(false);
    expect(isDeployedSinceClaim(old, [aWorkload({ revision: '3', lastEditMs: NOON + 1 })])).toBe(true);
  });
});
