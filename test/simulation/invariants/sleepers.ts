import { branchOf } from '../../../shared/core/branch.ts';
import type { Heartbeat } from '../../../shared/core/branch-record.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import { type Workload, type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import {
  claimOf,
  type History,
  lastBefore,
  loweringsOf,
  type Recorded,
  type Scaled,
  type Swept,
  sweepsOf,
} from '../history.ts';
import type { FactOf, Picture } from '../world/fact.ts';
import { isHarm } from './harm.ts';
import { ALLOWED_SKEW_MS, type Invariant } from './invariant.ts';
import { protectionsOf, recordProtections } from './protections.ts';
import { surveyOf } from './surveys.ts';

export const neverEarly: Invariant = {
  sentence:
    'No branch is put to sleep earlier than its policy says after the last visit, deploy or creation, by the true clock less the allowed skew.',
  violations: (history) =>
    loweringsOf(history).flatMap((lowering) => {
      const claim = claimOf(history, lowering);
      if (claim === undefined) return [`${lowering.by} lowers ${lowering.ref} without a claim`];
      const branch = claim.branch;
      const { timing } = history;
      const { inherited } = surveyOf(history, lowering);
      const looked = lookedAt(history, lowering, branch);
      const { idleAfterMs } = policyOf(branch, looked, { timing, inherited });
      const visit = lastBefore(history, claim, { kind: 'recorded', matches: isVisitOf(branch) });
      const edits = [ownEdit(history, lowering), lastSeenEdit(history, lowering, branch)];
      const idleMs = Math.min(
        claim.atMs - (visit?.atMs ?? 0),
        ...edits.map((edit) => lowering.atMs - (edit?.atMs ?? 0)),
      );
      return idleMs >= idleAfterMs - ALLOWED_SKEW_MS
        ? []
        : [`${lowering.by} lowers ${lowering.ref} after ${idleMs} ms, its policy says ${idleAfterMs}`];
    }),
};

function isVisitOf(branch: string) {
  return (fact: Recorded) => fact.branch === branch && (fact.means === 'visit' || fact.means === 'create');
}

function ownEdit(history: History, lowering: Scaled): FactOf<'changed'> | undefined {
  return lastBefore(history, lowering, { kind: 'changed', matches: ({ ref }) => ref === lowering.ref });
}

/** Of any workload of the branch, before the sweep looked at them. */
function lastSeenEdit(history: History, lowering: Scaled, branch: string): FactOf<'changed'> | undefined {
  const looked = lookOf(history, lowering, branch);
  const isSeen = ({ ref }: FactOf<'changed'>) =>
    looked?.workloads.some((workload) => workloadRef(workload) === ref) ?? false;
  return looked && lastBefore(history, looked, { kind: 'changed', matches: isSeen });
}

/** What the sweep saw when it looked again, before its claim. */
function lookedAt(history: History, lowering: Scaled, branch: string): readonly Workload[] {
  return lookOf(history, lowering, branch)?.workloads ?? [lowering.before];
}

function lookOf(history: History, lowering: Scaled, branch: string): FactOf<'looked'> | undefined {
  return lastBefore(history, lowering, {
    kind: 'looked',
    matches: (fact) => fact.by === lowering.by && fact.branch === branch,
  });
}

export const protectedStaysAwake: Invariant = {
  sentence:
    'A branch that is pinned, opted out, contested, kept awake, never idle, badly annotated, at work or in an unfinished rollout is not put to sleep.',
  violations: (history) =>
    loweringsOf(history).flatMap((lowering) => {
      const branch = branchOf(lowering.before) ?? '';
      const claim = claimOf(history, lowering);
      const seen = lookedAt(history, lowering, branch);
      const survey = surveyOf(history, lowering);
      const now = seen.map((workload) =>
        workload.name === lowering.before.name ? lowering.before : workload,
      );
      const protections = [
        ...[seen, now].flatMap((workloads) =>
          protectionsOf(history, { branch, workloads }, { atMs: claim?.atMs ?? lowering.atMs, survey }),
        ),
        ...(claim?.before === undefined ? [] : recordProtections(history, claim.before, claim.atMs)),
      ];
      return protections.map((why) => `${lowering.by} lowers ${lowering.ref}, which is ${why}`);
    }),
};

export const outageKeepsAwake: Invariant = {
  sentence: 'Neither an outage nor blindness puts anything to sleep, and the blind delete nothing.',
  violations: (history) => [
    ...sweepsOf(history).flatMap((swept) => [...sleepsInOutage(swept), ...sleepsWhileBlind(history, swept)]),
  ],
};

/** A sweep says that a branch sleeps only if each of its calls about it was answered. */
function sleepsInOutage({ ended, between }: Swept): readonly string[] {
  const failed = between.filter(
    (fact): fact is FactOf<'fault'> => fact.fact === 'fault' && fact.by === ended.by,
  );
  return ended.swept
    .filter(({ result }) => result.result === 'slept')
    .filter(({ branch }) => failed.some((fault) => isAbout(fault, branch, ended.picture)))
    .map(({ branch }) => `${ended.by} leaves ${branch} asleep, though a call failed`);
}

function isAbout({ subject }: FactOf<'fault'>, branch: string, { workloads }: Picture): boolean {
  if (subject === branch) return true;
  return workloads.some((workload) => branchOf(workload) === branch && workloadRef(workload) === subject);
}

function sleepsWhileBlind({ timing }: History, { began, ended, between }: Swept): readonly string[] {
  const { heartbeats } = ended.picture;
  const isSilent = ({ lastBeatMs }: Heartbeat) => began.atMs - lastBeatMs > timing.heartbeatSilenceMs;
  const isRemembered = ({ lastBeatMs }: Heartbeat) => ended.atMs - lastBeatMs <= timing.heartbeatMemoryMs;
  const isBlind =
    heartbeats.every(isSilent) || heartbeats.some((beat) => isSilent(beat) && isRemembered(beat));
  if (!isBlind) return [];
  return between
    .filter((fact) => isHarm(fact) && fact.by === ended.by)
    .map(({ fact }) => `${ended.by} ${fact} something though no touch can arrive`);
}

export const sleptMeansSlept: Invariant = {
  sentence: 'A sweep says that a branch sleeps only if it lowered all of it and nobody came before it had.',
  violations: (history) =>
    sweepsOf(history).flatMap((swept) =>
      swept.ended.swept.flatMap(({ branch, result }) => {
        if (result.result !== 'slept') return [];
        const own = swept.between.filter(
          (fact): fact is Scaled => fact.fact === 'scaled' && fact.by === swept.ended.by,
        );
        const refs = Object.keys(result.replicas) as WorkloadRef[];
        const isGone = (ref: WorkloadRef) =>
          swept.between.some((fact) => fact.fact === 'changed' && fact.ref === ref);
        const up = refs.filter((ref) => !own.some((fact) => fact.ref === ref) && !isGone(ref));
        const last = own.findLast((fact) => branchOf(fact.before) === branch);
        return [
          ...up.map((ref) => `${swept.ended.by} says that ${branch} sleeps and did not lower ${ref}`),
          ...(last === undefined ? [] : visitsSinceClaim(history, last)),
        ];
      }),
    ),
};

function visitsSinceClaim(history: History, lowering: Scaled): readonly string[] {
  const { facts } = history;
  const claim = claimOf(history, lowering);
  if (claim === undefined) return [];
  return facts
    .slice(facts.indexOf(claim), facts.indexOf(lowering))
    .filter((fact): fact is Recorded => fact.fact === 'recorded' && isVisitOf(claim.branch)(fact))
    .map(({ by }) => `${lowering.by} says that ${claim.branch} sleeps, though ${by} recorded a visit before`);
}
