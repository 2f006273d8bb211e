import { branchOf } from '../../../shared/core/branch.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import type { Workload } from '../../../shared/core/workload.ts';
import {
  factsOf,
  type History,
  lastBefore,
  type Recorded,
  recordBefore,
  workloadsWithin,
} from '../history.ts';
import { type Fact, type FactOf, PEOPLE } from '../world/fact.ts';
import { ALLOWED_SKEW_MS, type Invariant, UNDER_WAY_MS } from './invariant.ts';
import { surveyOf } from './surveys.ts';

/** A workload or a Service that a sweep deleted. */
type Deletion = {
  readonly fact: FactOf<'changed'> | FactOf<'service-removed'>;
  readonly branch: string;
  /** Undefined: the Service. */
  readonly workload?: Workload;
};

function deletionsOf(history: History): readonly Deletion[] {
  const workloads = factsOf(history, 'changed').flatMap((fact) => {
    if (fact.by === PEOPLE || fact.before === undefined) return [];
    return [{ fact, branch: branchOf(fact.before) ?? '', workload: fact.before }];
  });
  const services = factsOf(history, 'service-removed').map((fact) => ({ fact, branch: fact.branch }));
  return [...workloads, ...services];
}

function complainOf({ fact, branch, workload }: Deletion, why: string): string {
  return `${fact.by} deletes ${workload?.name ?? 'the Service'} of ${branch}, ${why}`;
}

export const deletionIsAllowed: Invariant = {
  sentence: 'Nothing is deleted without the switch, in a dry run, or while Dormouse is off.',
  violations: (history) =>
    deletionsOf(history).flatMap((deletion) => {
      const began = beganOf(history, deletion);
      const isAllowed = began?.mayDelete === true && began.mode === 'on';
      return isAllowed ? [] : [complainOf(deletion, 'which it may not')];
    }),
};

function beganOf(history: History, { fact }: Deletion): FactOf<'sweep-began'> | undefined {
  return factsOf(history, 'sweep-began').find(({ by }) => by === fact.by);
}

export const deletedIsOfBranch: Invariant = {
  sentence:
    'Only workloads that are at 0 are deleted, of a branch that asks for it, and its Service after them.',
  violations: (history) =>
    deletionsOf(history).flatMap((deletion) => {
      const { workload } = deletion;
      if (workload === undefined)
        return hadNoWorkload(history, deletion) ? [] : [complainOf(deletion, 'which still has workloads')];
      return [
        ...(workload.replicas === 0 ? [] : [complainOf(deletion, 'which is not at 0')]),
        ...whyUnwanted(history, deletion).map((why) => complainOf(deletion, why)),
      ];
    }),
};

function hadNoWorkload(history: History, { fact, branch }: Deletion): boolean {
  return workloadsWithin(history, fact, { branch, ms: UNDER_WAY_MS }).some(({ length }) => length === 0);
}

/** By the policy and the workloads that the sweep saw when it looked again. */
function whyUnwanted(history: History, { fact, branch }: Deletion): readonly string[] {
  const { timing } = history;
  const workloads = lookOf(history, fact, branch)?.workloads ?? [];
  const { inherited } = surveyOf(history, fact);
  const { isEnabled, problems, deleteAfterMs } = policyOf(branch, workloads, { timing, inherited });
  return [
    ...(isEnabled ? [] : ['which opted out']),
    ...(problems.length === 0 ? [] : ['whose annotations are wrong']),
    ...(deleteAfterMs === undefined ? ['which nobody asked for'] : []),
    ...(workloads.some(({ trackedBy }) => trackedBy !== undefined) ? ['which GitOps tracks'] : []),
  ];
}

function lookOf(history: History, fact: Fact, branch: string): FactOf<'looked'> | undefined {
  return lastBefore(history, fact, {
    kind: 'looked',
    matches: (looked) => 'by' in fact && looked.by === fact.by && looked.branch === branch,
  });
}

export const deletedWasUnused: Invariant = {
  sentence:
    'Nothing is deleted that was visited, edited, shown or pinned within its time, or in a blind week.',
  violations: (history) =>
    deletionsOf(history).flatMap((deletion) => {
      const { fact, branch, workload } = deletion;
      const knownMs = knownSince(history, deletion);
      const needMs =
        workload === undefined ? history.timing.deletionNoticeMs : deleteAfterOf(history, deletion);
      const isTooSoon = fact.atMs - lastSignMs(history, deletion) < needMs - ALLOWED_SKEW_MS;
      const record = recordBefore(history, beganOf(history, deletion) ?? fact, branch);
      const isPinned = (record?.pinnedUntilMs ?? 0) > fact.atMs;
      const stamps = factsOf(history, 'blindness-stamped').filter(({ atMs }) => atMs < knownMs);
      const noticeMs = history.timing.deletionNoticeMs - ALLOWED_SKEW_MS;
      return [
        ...(isTooSoon ? ['too soon'] : []),
        ...(isPinned ? ['which is pinned'] : []),
        ...(stamps.some(({ atMs }) => fact.atMs - atMs < noticeMs) ? ['soon after a blind sweep'] : []),
      ].map((why) => complainOf(deletion, why));
    }),
};

/** What happened before that the sweep must have known. */
function knownSince(history: History, deletion: Deletion): number {
  return Math.max(beganOf(history, deletion)?.atMs ?? 0, deletion.fact.atMs - UNDER_WAY_MS);
}

function deleteAfterOf(history: History, { fact, branch }: Deletion): number {
  const { timing } = history;
  const workloads = lookOf(history, fact, branch)?.workloads ?? [];
  const { inherited } = surveyOf(history, fact);
  return policyOf(branch, workloads, { timing, inherited }).deleteAfterMs ?? timing.deletionNoticeMs;
}

function lastSignMs(history: History, deletion: Deletion): number {
  const { branch, workload } = deletion;
  const knownMs = knownSince(history, deletion);
  const isSign = (fact: Recorded) => fact.branch === branch && fact.means !== 'update' && fact.atMs < knownMs;
  const signs = factsOf(history, 'recorded').filter(isSign);
  const edits = factsOf(history, 'changed').filter(
    ({ by, after, atMs }) =>
      by === PEOPLE && after !== undefined && branchOf(after) === branch && atMs < knownMs,
  );
  const heard = workload === undefined ? signs : [...signs, ...edits];
  return Math.max(0, ...heard.map(({ atMs }) => atMs));
}

export const deletionIsAnnounced: Invariant = {
  sentence: 'Nothing is deleted that was not announced a week before, and after its last activity.',
  violations: (history) =>
    deletionsOf(history).flatMap((deletion) => {
      const { fact, branch } = deletion;
      const announced = lastBefore(history, fact, {
        kind: 'recorded',
        matches: (recorded) =>
          recorded.branch === branch &&
          recorded.after.deletionAnnouncedAtMs !== recorded.before?.deletionAnnouncedAtMs &&
          recorded.after.deletionAnnouncedAtMs !== undefined,
      });
      const { deletionNoticeMs } = history.timing;
      const atMs = announced?.atMs ?? Number.POSITIVE_INFINITY;
      const isLongAgo = fact.atMs - atMs >= deletionNoticeMs - ALLOWED_SKEW_MS;
      const isAfter = atMs + ALLOWED_SKEW_MS >= lastSignMs(history, deletion);
      return isLongAgo && isAfter ? [] : [complainOf(deletion, 'which was not announced in time')];
    }),
};
