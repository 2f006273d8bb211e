import { describe, expect, test } from 'vitest';
import { type BranchState, decideBranch, type Rules } from '../../shared/core/decide-branch.ts';
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
  readonly record?: Parameters<typeof aRecord>[0];
  readonly replicas?: number;
  readonly revision?: string;
  readonly annotations?: Record<string, string>;
  readonly inherited?: Record<string, string>;
  readonly at: number;
} & Partial<Pick<BranchState, 'jobs' | 'unreadable'>>;

function decide({ record = {}, annotations = {}, replicas = 1, inherited = {}, at, ...given }: Given) {
  const { jobs, unreadable, revision } = given;
  const state: BranchState = {
    branch: BRANCH,
    workloads: [aWorkload({ annotations, replicas, ...(revision === undefined ? {} : { revision }) })],
    stored: stored(aRecord(record)),
    ...(jobs === undefined ? {} : { jobs }),
    ...(unreadable === undefined ? {} : { unreadable }),
  };
  const rules: Rules = { ...RULES, inherited };
  return decideBranch(state, rules, at);
}

const keep = (reason: string) => expect.objectContaining({ action: 'keep', reason });

describe('what a namespace says', () => {
  test('decideBranch takes the idle-after of the namespace where the workload names none', () => {
    const inherited = { 'dormouse/idle-after': '2h' };
    expect(decide({ inherited, at: NOON + 2 * HOUR - 1 })).toEqual(keep('active'));
    expect(decide({ inherited, at: NOON + 2 * HOUR }).action).toBe('sleep');
  });

  test('decideBranch lets the workload win over the namespace', () => {
    const given = {
      inherited: { 'dormouse/idle-after': 'never' },
      annotations: { 'dormouse/idle-after': '45m' },
    };
    expect(decide({ ...given, at: NOON + 45 * MINUTE }).action).toBe('sleep');
  });

  test('decideBranch opts out a whole namespace, but for a workload that opts in', () => {
    const inherited = { 'dormouse/enabled': 'false' };
    expect(decide({ inherited, at: NOON + 99 * HOUR })).toEqual(keep('opted-out'));
    const annotations = { 'dormouse/enabled': 'true' };
    expect(decide({ inherited, annotations, at: NOON + 99 * HOUR }).action).toBe('sleep');
  });

  test('decideBranch keeps every branch awake whose namespace has an annotation that cannot be read', () => {
    const inherited = { 'dormouse/idle-after': 'soon' };
    expect(decide({ inherited, at: NOON + 99 * HOUR })).toEqual(keep('bad-annotation'));
  });
});

describe('background activity', () => {
  test('decideBranch keeps a branch awake for idle-after from its last sign on', () => {
    const record = { lastBackgroundMs: NOON + 2 * HOUR };
    expect(decide({ record, at: NOON + 3 * HOUR - 1 })).toEqual(keep('background-activity'));
    expect(decide({ record, at: NOON + 3 * HOUR }).action).toBe('sleep');
  });

  test('decideBranch heeds it for 12 hours after the last ordinary request, and a little for the stamps', () => {
    const at = NOON + 12 * HOUR + 2 * MINUTE;
    const justHeeded = { lastBackgroundMs: NOON + 12 * HOUR - 1 };
    expect(decide({ record: justHeeded, at: at - 1 })).toEqual(keep('background-activity'));
    expect(decide({ record: justHeeded, at }).action).toBe('sleep');
    expect(decide({ record: { lastBackgroundMs: NOON + 12 * HOUR }, at: at - 1 }).action).toBe('sleep');
  });

  test('decideBranch does not wake what slept by that rule, however often its page asks', () => {
    const asleepSinceMs = NOON + 12 * HOUR + 2 * MINUTE;
    const record = { asleepSinceMs, lastBackgroundMs: asleepSinceMs + HOUR };
    expect(decide({ record, replicas: 0, at: asleepSinceMs + 2 * HOUR })).toEqual(keep('asleep'));
  });

  test('decideBranch wakes what slept for want of any sign, when one comes in time', () => {
    const record = { asleepSinceMs: NOON + 2 * HOUR, lastBackgroundMs: NOON + 3 * HOUR };
    const healed = { action: 'heal', reason: 'visited' };
    expect(decide({ record, replicas: 0, at: NOON + 3 * HOUR + 1 })).toEqual(healed);
  });

  test('decideBranch uses the background-max of the branch', () => {
    const annotations = { 'dormouse/background-max': '2h' };
    const record = { lastBackgroundMs: NOON + 2 * HOUR - 1 };
    expect(decide({ annotations, record, at: NOON + 2 * HOUR + 2 * MINUTE - 1 })).toEqual(
      keep('background-activity'),
    );
    expect(decide({ annotations, record, at: NOON + 2 * HOUR + 2 * MINUTE }).action).toBe('sleep');
  });
});

describe('Jobs and sources', () => {
  test('decideBranch keeps a branch awake whose Job runs, for at most 6 hours', () => {
    const jobs = [{ name: 'migrate', startedMs: NOON }];
    expect(decide({ jobs, at: NOON + 6 * HOUR - 1 })).toEqual(keep('job-running'));
    expect(decide({ jobs, at: NOON + 6 * HOUR }).action).toBe('sleep');
  });

  test('decideBranch keeps a branch awake while a source cannot be read, and names it', () => {
    const unreadable = 'may not list jobs';
    const kept = { action: 'keep', reason: 'source-unreadable', problem: unreadable };
    expect(decide({ unreadable, at: NOON + 99 * HOUR })).toEqual(kept);
  });
});

describe('pins', () => {
  const asleep = { asleepSinceMs: NOON + 2 * HOUR };

  test('decideBranch wakes a sleeping branch that is pinned, and not when the pin is over', () => {
    const record = { ...asleep, pinnedUntilMs: NOON + 9 * HOUR };
    const healed = { action: 'heal', reason: 'pinned' };
    expect(decide({ record, replicas: 0, at: NOON + 9 * HOUR - 1 })).toEqual(healed);
    expect(decide({ record, replicas: 0, at: NOON + 9 * HOUR })).toEqual(keep('asleep'));
  });

  test('decideBranch holds nobody responsible for a wake by pin', () => {
    const record = { ...asleep, pinnedUntilMs: NOON + 9 * HOUR };
    expect(decide({ record, at: NOON + 3 * HOUR })).toEqual({ action: 'settle', end: 'expected' });
  });
});

describe('hours that open', () => {
  const hours = 'Wed 09:00-19:00 UTC';
  const NINE = NOON + 21 * HOUR;
  const record = { asleepSinceMs: NOON + 2 * HOUR };
  const own = { 'dormouse/keep-awake': hours };

  test('decideBranch wakes a branch by the last sweep before its hours', () => {
    const early = NINE - TIMING.sweepEveryMs;
    expect(decide({ record, replicas: 0, annotations: own, at: early - 1 })).toEqual(keep('asleep'));
    const healed = { action: 'heal', reason: 'schedule' };
    expect(decide({ record, replicas: 0, annotations: own, at: early })).toEqual(healed);
  });

  test('decideBranch wakes by the hours of a namespace who was used within 7 days, and nobody else', () => {
    const inherited = own;
    const used = { ...record, lastAccessMs: NINE - 7 * 24 * HOUR };
    const unused = { ...record, lastAccessMs: NINE - 7 * 24 * HOUR - 1 };
    const workload = { replicas: 0, inherited, at: NINE };
    expect(decide({ ...workload, record: used }).action).toBe('heal');
    expect(decideLongIdle({ record: unused, inherited })).toEqual(keep('asleep'));
    expect(decideLongIdle({ record: unused, annotations: own }).action).toBe('heal');
  });

  function decideLongIdle({ record: changes, annotations = {}, inherited = {} }: Omit<Given, 'at'>) {
    const ages = { lastEditMs: 0, createdMs: 0 };
    const workloads = [aWorkload({ replicas: 0, annotations, ...ages })];
    const state = { branch: BRANCH, workloads, stored: stored(aRecord(changes)) };
    return decideBranch(state, { ...RULES, inherited }, NINE);
  }

  test('decideBranch leaves alone who was scaled to 0 by hand', () => {
    const off = { offSinceMs: NOON };
    const kept = keep('scaled-to-zero-by-hand');
    expect(decide({ record: off, replicas: 0, annotations: own, at: NINE })).toEqual(kept);
  });

  test('decideBranch does not put to sleep again who was woken ahead of its hours', () => {
    const given = { annotations: own, at: NINE - TIMING.sweepEveryMs };
    expect(decide(given)).toEqual(keep('keep-awake-hours'));
    expect(decide({ ...given, record })).toEqual({ action: 'settle', end: 'expected' });
  });
});

describe('fights', () => {
  const record = { asleepSinceMs: NOON + 2 * HOUR, revisions: { [`deployment/${BRANCH}`]: '3' } as const };
  const at = NOON + 9 * HOUR;

  test('decideBranch tells a deploy from replicas that were put back', () => {
    expect(decide({ record, revision: '4', at })).toEqual({ action: 'settle', end: 'deployed' });
    expect(decide({ record, revision: '3', at })).toEqual({ action: 'settle', end: 'put-back' });
  });
});
