import { branchOf, isVisitedSinceClaim, membersOf } from '../../../shared/core/branch.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import { type Workload, type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import {
  branchesOf,
  factsOf,
  type History,
  isFaultless,
  lastTouchOf,
  recordBefore,
  type Swept,
  sweepsOf,
} from '../history.ts';
import { type Fact, type FactOf, PEOPLE } from '../world/fact.ts';
import { BLUR_MS, type Invariant } from './invariant.ts';

export const inUseIsAwake: Invariant = {
  sentence: 'A branch in use is not at 0 when the next sweep without a fault has ended.',
  violations: (history) =>
    sweepsOf(history)
      .filter(isFaultless)
      .flatMap((swept) =>
        membersAsleepThroughout(history, swept).flatMap((workload) => {
          const visit = recentVisit(history, swept, branchOf(workload) ?? '');
          const isByHand = lastTouchOf(history, swept.ended, workloadRef(workload))?.by === PEOPLE;
          return visit === undefined || isByHand
            ? []
            : [`${workload.name} is at 0 after ${swept.ended.by}, though visit ${visit.visit} was recorded`];
        }),
      ),
};

export const visitedIsHealed: Invariant = {
  sentence: 'A sweep that ends without a fault leaves no branch at 0 that was visited after its claim.',
  violations: (history) =>
    sweepsOf(history)
      .filter(isFaultless)
      .flatMap((swept) =>
        membersAsleepThroughout(history, swept)
          .filter((workload) => {
            const record = swept.began.picture.records.get(branchOf(workload) ?? '');
            return record !== undefined && isVisitedSinceClaim(record, history.timing.visitSlackMs);
          })
          .map((workload) => `${workload.name} was visited and is at 0 after ${swept.ended.by}`),
      ),
};

/** Members of branches that Dormouse may touch, at 0 when the sweep began and ever since. */
function membersAsleepThroughout({ timing }: History, { began, ended, between }: Swept): readonly Workload[] {
  const touched = new Set(between.flatMap((fact) => ('ref' in fact ? [fact.ref] : [])));
  const handled = between.flatMap(handledBranches);
  return branchesOf(ended.picture)
    .filter(({ branch }) => !handled.includes(branch) && began.picture.records.has(branch))
    .filter(({ branch, workloads }) => policyOf(branch, workloads, timing).isEnabled)
    .flatMap(({ branch, workloads }) => membersOf(branch, workloads, began.picture.records.get(branch)))
    .filter((workload) => workload.replicas === 0 && !touched.has(workloadRef(workload)));
}

/** Branches whose workloads or record people had their hands on. */
function handledBranches(fact: Fact): readonly (string | undefined)[] {
  if (fact.fact === 'corrupted') return [fact.branch];
  if (fact.fact !== 'changed') return [];
  return [fact.before, fact.after].map((workload) => workload && branchOf(workload));
}

/** A touch that was recorded so lately that nothing can have idled out since. */
function recentVisit(history: History, { began }: Swept, branch: string) {
  const { facts, timing } = history;
  const sinceMs = began.atMs - timing.minIdleAfterMs + BLUR_MS;
  return facts
    .slice(0, facts.indexOf(began))
    .findLast(
      (fact): fact is FactOf<'visit-ended'> =>
        fact.fact === 'visit-ended' &&
        fact.branch === branch &&
        isRecorded(fact) &&
        beganMs(history, fact) > sinceMs,
    );
}

function beganMs(history: History, { visit }: FactOf<'visit-ended'>): number {
  return factsOf(history, 'visit-began').find((fact) => fact.visit === visit)?.atMs ?? 0;
}

function isRecorded({ outcome }: FactOf<'visit-ended'>): boolean {
  if (outcome === undefined || !('stamp' in outcome)) return false;
  return outcome.stamp.stamp === 'written' || outcome.stamp.stamp === 'throttled';
}

export const awakeMeansAwake: Invariant = {
  sentence: 'A touch calls no branch awake that a sweep had put to sleep before the touch began.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(({ outcome }) => outcome?.outcome === 'awake')
      .flatMap((visit) =>
        sleepersOf(history, visit)
          .filter((ref) => wasAsleepBefore(history, visit, ref))
          .map((ref) => `${visit.by} calls ${visit.branch} awake, though ${ref} sleeps`),
      ),
};

function sleepersOf(history: History, visit: FactOf<'visit-ended'>): readonly WorkloadRef[] {
  const record = recordBefore(history, visit, visit.branch);
  return Object.keys((record?.asleepSinceMs && record.replicas) || {}) as WorkloadRef[];
}

/** Lowered by a sweep that ended without a fault of its own before the visit began. */
function wasAsleepBefore(history: History, visit: FactOf<'visit-ended'>, ref: WorkloadRef): boolean {
  const lowering = lastTouchOf(history, visit, ref);
  if (lowering?.fact !== 'scaled' || lowering.after.replicas > 0) return false;
  const sweep = sweepsOf(history).find(({ ended }) => ended.by === lowering.by);
  const began = factsOf(history, 'visit-began').find((fact) => fact.visit === visit.visit);
  if (sweep === undefined || began === undefined || !isFaultless(sweep)) return false;
  return history.facts.indexOf(sweep.ended) < history.facts.indexOf(began);
}

export const recordedMeansRecorded: Invariant = {
  sentence: 'A touch that says it is recorded is in the store.',
  violations: (history) =>
    factsOf(history, 'visit-ended')
      .filter(isRecorded)
      .filter((visit) => !isInStore(history, visit))
      .map((visit) => `${visit.by} says that visit ${visit.visit} of ${visit.branch} is recorded`),
};

function isInStore(history: History, visit: FactOf<'visit-ended'>): boolean {
  const { branch, atMs } = visit;
  const sinceMs = beganMs(history, visit) - history.timing.touchWriteEveryMs - BLUR_MS;
  return factsOf(history, 'recorded').some(
    (fact) => fact.branch === branch && fact.means !== 'update' && fact.atMs >= sinceMs && fact.atMs <= atMs,
  );
}
