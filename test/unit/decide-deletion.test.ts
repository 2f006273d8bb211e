import { describe, expect, test } from 'vitest';
import { decideBranch } from '../../shared/core/decide-branch.ts';
import type { DeletionRules } from '../../shared/core/decide-deletion.ts';
import { aRecord, aWorkload, BRANCH, HOUR, NOON, RULES, stored } from '../fixtures/branches.ts';

const DAY = 24 * HOUR;
const ALLOWED: DeletionRules = { mayDelete: true, lastBlindMs: 'never' };
const ASLEEP = { asleepSinceMs: NOON + 2 * HOUR };
/** 30 days less the week of the announcement. */
const ANNOUNCED_AT = NOON + 23 * DAY;

type Given = {
  readonly record?: Parameters<typeof aRecord>[0];
  readonly workload?: Parameters<typeof aWorkload>[0];
  readonly annotations?: Record<string, string>;
  readonly deletion?: DeletionRules;
  readonly at: number;
};

function decide({ record = {}, workload = {}, annotations = {}, deletion = ALLOWED, at }: Given) {
  const all = { 'dormouse/delete-after': '30d', ...annotations };
  const state = {
    branch: BRANCH,
    workloads: [aWorkload({ replicas: 0, annotations: all, ...workload })],
    stored: stored(aRecord({ ...ASLEEP, ...record })),
  };
  return decideBranch(state, { ...RULES, deletion }, at);
}

const kept = expect.objectContaining({ action: 'keep', reason: 'asleep' });
const announced = { deletionAnnouncedAtMs: ANNOUNCED_AT };

test('decideBranch announces a deletion a week before delete-after is over, not earlier', () => {
  expect(decide({ at: ANNOUNCED_AT - 1 })).toEqual(kept);
  expect(decide({ at: ANNOUNCED_AT })).toEqual({ action: 'announce-deletion', deleteAtMs: NOON + 30 * DAY });
});

test('decideBranch deletes an announced branch when delete-after is over, not earlier', () => {
  expect(decide({ record: announced, at: NOON + 30 * DAY - 1 })).toEqual(kept);
  expect(decide({ record: announced, at: NOON + 30 * DAY })).toEqual({ action: 'delete', idleMs: 30 * DAY });
});

test('decideBranch gives a branch that was announced late its whole week', () => {
  const late = { deletionAnnouncedAtMs: NOON + 40 * DAY };
  expect(decide({ record: late, at: NOON + 47 * DAY - 1 })).toEqual(kept);
  expect(decide({ record: late, at: NOON + 47 * DAY }).action).toBe('delete');
});

test('decideBranch begins anew when somebody edited the branch after the announcement', () => {
  const workload = { lastEditMs: ANNOUNCED_AT + 1 };
  expect(decide({ record: announced, workload, at: NOON + 30 * DAY })).toEqual(kept);
  const again = decide({ record: announced, workload, at: ANNOUNCED_AT + 1 + 23 * DAY });
  expect(again.action).toBe('announce-deletion');
});

test('decideBranch counts background activity whoever caused it: nothing is deleted under an open page', () => {
  const record = { ...announced, lastBackgroundMs: ANNOUNCED_AT + 1 };
  expect(decide({ record, at: NOON + 30 * DAY })).toEqual(kept);
});

describe('nothing is deleted', () => {
  const at = NOON + 99 * DAY;

  test.each<[string, Omit<Given, 'at'>]>([
    ['without the right', { deletion: { ...ALLOWED, mayDelete: false } }],
    ['within 7 days after a blind sweep', { deletion: { ...ALLOWED, lastBlindMs: at - 7 * DAY + 1 } }],
    ['while it is not known when a sweep was blind', { deletion: { ...ALLOWED, lastBlindMs: 'unknown' } }],
    ['with another annotation that cannot be read', { annotations: { 'dormouse/idle-after': 'soon' } }],
    ['by a delete-after that cannot be read', { annotations: { 'dormouse/delete-after': '6d' } }],
    ['by a delete-after of never', { annotations: { 'dormouse/delete-after': 'never' } }],
  ])('decideBranch deletes and announces nothing %s', (_, given) => {
    expect(decide({ record: announced, ...given, at })).toEqual(kept);
  });

  test('decideBranch deletes again 7 days after a blind sweep', () => {
    const deletion = { ...ALLOWED, lastBlindMs: at - 7 * DAY };
    expect(decide({ record: announced, deletion, at }).action).toBe('delete');
  });

  test('decideBranch deletes no branch that is pinned', () => {
    const record = { ...announced, pinnedUntilMs: at + 1 };
    expect(decide({ record, at }).action).toBe('heal');
    const off = { ...record, asleepSinceMs: undefined, offSinceMs: NOON } as never;
    expect(decide({ record: off, at })).toEqual(
      expect.objectContaining({ reason: 'scaled-to-zero-by-hand' }),
    );
  });

  test('decideBranch deletes no branch that opted out', () => {
    const annotations = { 'dormouse/enabled': 'false' };
    expect(decide({ record: announced, annotations, at })).toEqual({ action: 'keep', reason: 'opted-out' });
  });

  test('decideBranch deletes no branch without a record', () => {
    const workloads = [aWorkload({ replicas: 0, annotations: { 'dormouse/delete-after': '30d' } })];
    expect(decideBranch({ branch: BRANCH, workloads }, { ...RULES, deletion: ALLOWED }, at).action).toBe(
      'register',
    );
  });

  test('decideBranch deletes nothing that runs', () => {
    const record = { ...announced, asleepSinceMs: NOON - HOUR };
    expect(decide({ record, workload: { replicas: 1 }, at }).action).toBe('settle');
  });

  test('decideBranch names a branch that a GitOps tool would bring back, and keeps it', () => {
    const decision = decide({ record: announced, workload: { trackedBy: 'Argo CD' }, at });
    expect(decision).toEqual(kept);
    expect(decision).toHaveProperty('problem', expect.stringContaining('Argo CD would bring it back'));
  });
});

test('decideBranch deletes a branch that somebody scaled to 0 by hand, too', () => {
  const workloads = [aWorkload({ replicas: 0, annotations: { 'dormouse/delete-after': '30d' } })];
  const record = aRecord({ offSinceMs: NOON, ...announced });
  const state = { branch: BRANCH, workloads, stored: stored(record) };
  expect(decideBranch(state, { ...RULES, deletion: ALLOWED }, NOON + 30 * DAY).action).toBe('delete');
});

test('decideBranch lets the Service follow whose deletion was cut short, and no other', () => {
  const gone = (record: Parameters<typeof aRecord>[0], at: number) =>
    decideBranch(
      { branch: BRANCH, workloads: [], stored: stored(aRecord(record)) },
      { ...RULES, deletion: ALLOWED },
      at,
    );
  expect(gone(announced, NOON + 30 * DAY)).toEqual({ action: 'expire', isServiceDue: true });
  expect(gone(announced, NOON + 30 * DAY - 1)).toEqual({ action: 'expire', isServiceDue: false });
  expect(gone({ ...announced, lastAccessMs: ANNOUNCED_AT + 1 }, NOON + 31 * DAY)).toEqual({
    action: 'expire',
    isServiceDue: false,
  });
});
