import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import {
  type BranchDecision,
  type BranchState,
  decideBranch,
  type Rules,
} from '../../shared/core/decide-branch.ts';
import type { Workload } from '../../shared/core/workload.ts';
import {
  aRecord,
  aWorkload,
  BRANCH,
  HOUR,
  MINUTE,
  NOON,
  RULES,
  stored,
  TIMING,
} from '../fixtures/branches.ts';

type Given = {
  workloads?: readonly Workload[];
  annotations?: Record<string, string>;
  record?: BranchRecord;
  at?: number;
} & Partial<Pick<Rules, 'mode' | 'inherited' | 'deletion'>> &
  Partial<Pick<BranchState, 'jobs' | 'unreadable'>>;

function decide({ annotations = {}, workloads, record, at = NOON, ...given }: Given): BranchDecision {
  const { mode, inherited, deletion } = { ...RULES, ...given };
  const known = given;
  const state = {
    branch: BRANCH,
    workloads: workloads ?? [aWorkload({ annotations })],
    ...(record === undefined ? {} : { stored: stored(record) }),
    ...(known.jobs === undefined ? {} : { jobs: known.jobs }),
    ...(known.unreadable === undefined ? {} : { unreadable: known.unreadable }),
  };
  return decideBranch(state, { timing: TIMING, mode, inherited, deletion }, at);
}

const keep = (reason: string) => expect.objectContaining({ action: 'keep', reason });
const HOUR_AFTER_VISIT = NOON + HOUR;

describe('an awake branch', () => {
  test('decideBranch keeps a branch whose last visit is the idle limit minus 1 ms ago', () => {
    expect(decide({ record: aRecord(), at: HOUR_AFTER_VISIT - 1 })).toEqual(keep('active'));
  });

  test('decideBranch lets a branch sleep whose last visit is exactly the idle limit ago', () => {
    expect(decide({ record: aRecord(), at: HOUR_AFTER_VISIT })).toEqual({ action: 'sleep', idleMs: HOUR });
  });

  test('decideBranch counts an edit of any workload as activity', () => {
    const workloads = [aWorkload(), aWorkload({ name: 'worker', branchLabel: BRANCH, lastEditMs: NOON + 1 })];
    expect(decide({ workloads, record: aRecord(), at: HOUR_AFTER_VISIT })).toEqual(keep('active'));
  });

  test('decideBranch counts the creation of a workload as activity', () => {
    const workloads = [aWorkload({ createdMs: NOON + 1 })];
    expect(decide({ workloads, record: aRecord(), at: HOUR_AFTER_VISIT })).toEqual(keep('active'));
  });

  test('decideBranch registers a branch that it never saw', () => {
    expect(decide({})).toEqual({ action: 'register' });
  });

  test('decideBranch keeps a branch until its pin ends, and not longer', () => {
    const record = aRecord({ pinnedUntilMs: HOUR_AFTER_VISIT + 1 });
    expect(decide({ record, at: HOUR_AFTER_VISIT })).toEqual(keep('pinned'));
    expect(decide({ record, at: HOUR_AFTER_VISIT + 1 }).action).toBe('sleep');
  });

  test('decideBranch rests a branch that was contested three times for 24 hours, and not longer', () => {
    const record = aRecord({ contested: 3 });
    expect(decide({ record, at: NOON + 24 * HOUR - 1 })).toEqual(keep('contested'));
    expect(decide({ record, at: NOON + 24 * HOUR }).action).toBe('sleep');
  });

  test('decideBranch lets a branch sleep that was contested twice', () => {
    expect(decide({ record: aRecord({ contested: 2 }), at: HOUR_AFTER_VISIT }).action).toBe('sleep');
  });

  test('decideBranch keeps a branch whose rollout is unfinished', () => {
    const workloads = [aWorkload({ isRolloutUnfinished: true })];
    expect(decide({ workloads, record: aRecord(), at: HOUR_AFTER_VISIT })).toEqual(
      keep('rollout-unfinished'),
    );
  });

  test('decideBranch keeps every branch while Dormouse is off', () => {
    expect(decide({ record: aRecord(), mode: 'off', at: HOUR_AFTER_VISIT })).toEqual(keep('mode-off'));
  });
});

describe('annotations', () => {
  test('decideBranch uses the idle-after of the branch', () => {
    const annotations = { 'dormouse/idle-after': '45m' };
    const record = aRecord();
    expect(decide({ annotations, record, at: NOON + 45 * MINUTE - 1 })).toEqual(keep('active'));
    expect(decide({ annotations, record, at: NOON + 45 * MINUTE }).action).toBe('sleep');
  });

  test('decideBranch keeps a branch that is never to sleep', () => {
    const annotations = { 'dormouse/idle-after': 'never' };
    expect(decide({ annotations, record: aRecord(), at: NOON + 999 * HOUR })).toEqual(keep('never-sleeps'));
  });

  test('decideBranch touches a branch that opted out in neither direction', () => {
    const annotations = { 'dormouse/enabled': 'false' };
    const asleep = [aWorkload({ annotations, replicas: 0 })];
    const claimed = aRecord({ asleepSinceMs: NOON - HOUR });
    expect(decide({ annotations, record: aRecord(), at: NOON + 999 * HOUR })).toEqual(keep('opted-out'));
    expect(decide({ workloads: asleep, record: claimed })).toEqual(keep('opted-out'));
  });

  test('decideBranch keeps a branch awake in its hours, to the minute', () => {
    const annotations = { 'dormouse/keep-awake': 'Mon-Fri 09:00-19:00 Asia/Tokyo' };
    const record = aRecord({ lastAccessMs: NOON - 48 * HOUR });
    const closes = Date.UTC(2026, 10, 24, 10); // 19:00 in Tokyo
    expect(decide({ annotations, record, at: closes - 1 })).toEqual(keep('keep-awake-hours'));
    expect(decide({ annotations, record, at: closes }).action).toBe('sleep');
  });

  test.each([
    ['dormouse/idle-after', '4m'],
    ['dormouse/idle-after', 'soon'],
    ['dormouse/enabled', 'no'],
    ['dormouse/replicas', '0'],
    ['dormouse/keep-awake', 'Mon-Fri 9-19'],
    ['dormouse/keep-awake', 'Mon-Fri 09:00-19:00 Mars/Olympus'],
  ])('decideBranch keeps a branch awake whose %s is %j, and names it', (annotation, value) => {
    const decision = decide({
      annotations: { [annotation]: value },
      record: aRecord(),
      at: NOON + 999 * HOUR,
    });
    expect(decision).toEqual(keep('bad-annotation'));
    expect(decision).toHaveProperty(
      'problem',
      expect.stringContaining(`${annotation} is ${JSON.stringify(value)}`),
    );
  });
});

describe('a branch at 0', () => {
  const asleep = [aWorkload({ replicas: 0 })];
  const claimedAt = NOON + 2 * HOUR;
  const claim = aRecord({ asleepSinceMs: claimedAt });

  test('decideBranch keeps a branch asleep that nobody visited since', () => {
    expect(decide({ workloads: asleep, record: claim, at: NOON + 9 * HOUR })).toEqual(keep('asleep'));
  });

  test('decideBranch heals a branch visited since its claim, less the slack between stamps', () => {
    const justBefore = { ...claim, lastAccessMs: claimedAt - MINUTE };
    const justAfter = { ...claim, lastAccessMs: claimedAt - MINUTE + 1 };
    expect(decide({ workloads: asleep, record: justBefore, at: claimedAt + 1 })).toEqual(keep('asleep'));
    expect(decide({ workloads: asleep, record: justAfter, at: claimedAt + 1 })).toEqual({
      action: 'heal',
      reason: 'visited',
    });
  });

  test('decideBranch heals whatever sleeps while Dormouse is off', () => {
    const decision = decide({ workloads: asleep, record: claim, mode: 'off', at: NOON + 9 * HOUR });
    expect(decision).toEqual({ action: 'heal', reason: 'mode-off' });
  });

  test('decideBranch notes once that somebody scaled a branch to 0 by hand', () => {
    expect(decide({ workloads: asleep, record: aRecord() })).toEqual({ action: 'note-off' });
    const noted = aRecord({ offSinceMs: NOON });
    expect(decide({ workloads: asleep, record: noted })).toEqual(keep('scaled-to-zero-by-hand'));
  });

  test('decideBranch counts it as a visit when a branch that was off is scaled up by hand', () => {
    expect(decide({ record: aRecord({ offSinceMs: NOON }), at: NOON + 9 * HOUR })).toEqual({
      action: 'note-on',
    });
  });

  test('decideBranch ignores a companion that a person keeps at 0', () => {
    const workloads = [aWorkload(), aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 })];
    expect(decide({ workloads, record: aRecord(), at: NOON + 1 })).toEqual(keep('active'));
    const claimed = aRecord({ asleepSinceMs: NOON, replicas: { [`deployment/${BRANCH}`]: 1 } });
    const down = [
      aWorkload({ replicas: 0 }),
      aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 }),
    ];
    expect(decide({ workloads: down, record: claimed, at: NOON + 1 })).toEqual({
      action: 'heal',
      reason: 'visited',
    });
  });
});

describe('a claimed branch above 0', () => {
  const claim = aRecord({ lastAccessMs: NOON - 2 * HOUR, asleepSinceMs: NOON });

  test('decideBranch leaves a claim of 2 minutes to the sweep that made it, and settles an older one', () => {
    expect(decide({ record: claim, at: NOON + 2 * MINUTE })).toEqual(keep('claim-settling'));
    const settle = { action: 'settle', end: 'put-back' };
    expect(decide({ record: claim, at: NOON + 2 * MINUTE + 1 })).toEqual(settle);
  });

  test('decideBranch heals a visited branch that is half up at once', () => {
    const workloads = [aWorkload(), aWorkload({ name: 'worker', branchLabel: BRANCH, replicas: 0 })];
    const record = { ...claim, lastAccessMs: NOON, replicas: { 'deployment/worker': 2 } as const };
    expect(decide({ workloads, record, at: NOON + 1 })).toEqual({ action: 'heal', reason: 'visited' });
  });

  test('decideBranch settles a visited branch that is wholly up', () => {
    const record = { ...claim, lastAccessMs: NOON + 1 };
    const settle = { action: 'settle', end: 'visited' };
    expect(decide({ record, at: NOON + 2 * MINUTE + 1 })).toEqual(settle);
  });
});

describe('a branch that is gone', () => {
  test('decideBranch lets a record expire whose workloads are gone, once', () => {
    expect(decide({ workloads: [], record: aRecord() })).toEqual({ action: 'expire', isServiceDue: false });
    expect(decide({ workloads: [], record: aRecord({ expireAtMs: NOON }) })).toEqual(keep('gone'));
  });
});

test('decideBranch keeps a branch whose record cannot be read', () => {
  const state = { branch: BRANCH, workloads: [aWorkload()], recordProblem: 'lastAccess is missing' };
  const decision = decideBranch(state, RULES, NOON + 999 * HOUR);
  expect(decision).toEqual({ action: 'keep', reason: 'malformed-record', problem: 'lastAccess is missing' });
});

describe('properties', () => {
  const times = fc.integer({ min: NOON - 48 * HOUR, max: NOON + 48 * HOUR });
  const optionalTimes = fc.option(times, { nil: undefined });
  const states = fc.record({
    workloads: fc.array(
      fc.record({
        replicas: fc.nat(3),
        lastEditMs: times,
        isRolloutUnfinished: fc.boolean(),
        text: fc.string(),
      }),
      { maxLength: 3 },
    ),
    record: fc.record({
      lastAccessMs: times,
      asleepSinceMs: optionalTimes,
      offSinceMs: optionalTimes,
      pinnedUntilMs: optionalTimes,
      contested: fc.option(fc.nat(5), { nil: undefined }),
    }),
    at: times,
  });

  function decideAny({ workloads, record, at }: typeof states extends fc.Arbitrary<infer T> ? T : never) {
    const all = workloads.map(({ text, ...workload }, index) =>
      aWorkload({
        ...workload,
        name: index === 0 ? BRANCH : `c${index}`,
        branchLabel: BRANCH,
        annotations: { 'dormouse/idle-after': text },
      }),
    );
    const given = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
    return decide({ workloads: all, record: aRecord(given), at });
  }

  test('decideBranch decides something about any branch and puts none to sleep inside its idle limit', () => {
    fc.assert(
      fc.property(states, (state) => {
        const decision = decideAny(state);
        if (decision.action !== 'sleep') return;
        expect(state.at - state.record.lastAccessMs).toBeGreaterThanOrEqual(TIMING.minIdleAfterMs);
        expect(state.record.pinnedUntilMs ?? 0).toBeLessThanOrEqual(state.at);
        expect(state.record.asleepSinceMs).toBeUndefined();
        expect(state.workloads.some((workload) => workload.isRolloutUnfinished)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test('decideBranch lets an idle branch sleep later too, if nothing else changes', () => {
    fc.assert(
      fc.property(times, fc.nat(48 * HOUR), fc.nat(48 * HOUR), (visitedAt, idleMs, moreMs) => {
        const record = aRecord({ lastAccessMs: visitedAt });
        const workloads = [aWorkload({ lastEditMs: visitedAt, createdMs: visitedAt })];
        const first = decide({ workloads, record, at: visitedAt + idleMs });
        const later = decide({ workloads, record, at: visitedAt + idleMs + moreMs });
        if (first.action === 'sleep') expect(later.action).toBe('sleep');
      }),
    );
  });
});
