import { branchOf, membersOf } from '../../../shared/core/branch.ts';
import { isKeepAwakeNear } from '../../../shared/core/keep-awake.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import {
  type Branch,
  branchesOf,
  type History,
  lastBefore,
  lastTouchOf,
  raisingsOf,
  type Scaled,
  sweepsOf,
  workloadsWithin,
} from '../history.ts';
import type { Fact, FactOf } from '../world/fact.ts';
import { FROZEN_MS, type Invariant, UNDER_WAY_MS } from './invariant.ts';
import { protectionsOf, recordProtections } from './protections.ts';
import { surveyOf } from './surveys.ts';

export const calmEndsInSleep: Invariant = {
  sentence:
    'With no visitors every idle branch is at 0 after finitely many sweeps, and then a sweep writes nothing.',
  violations: (history) => {
    const last = sweepsOf(history).at(-1);
    if (last?.began.mode !== 'on' || !isCalm(history, last.began)) return [];
    const writes = last.between.filter(({ fact }) => fact === 'scaled' || fact === 'recorded');
    return [
      ...branchesOf(last.ended.picture)
        .filter((branch) => !mayStayAwake(history, branch, last.ended))
        .map(({ branch }) => `${branch} is still up after ${last.ended.by}`),
      ...writes.map(({ fact }) => `${last.ended.by} is steady and yet something was ${fact}`),
    ];
  },
};

function isCalm(history: History, moment: Fact): boolean {
  return lastBefore(history, moment, { kind: 'calm', matches: () => true }) !== undefined;
}

export const nothingFlaps: Invariant = {
  sentence:
    'With no visitors but pages that were left open, no people and no faults Dormouse wakes nothing that it put to sleep, but for its hours.',
  violations: (history) =>
    raisingsOf(history).flatMap((raising) => {
      const lowering = lastTouchOf(history, raising, raising.ref);
      const calm = lowering && lastBefore(history, lowering, { kind: 'calm', matches: () => true });
      if (lowering === undefined || calm === undefined) return [];
      if (lowering.atMs - calm.atMs < FROZEN_MS + UNDER_WAY_MS || isForHours(history, raising)) return [];
      return [`${raising.by} wakes ${raising.ref}, and nobody came since ${lowering.by} had put it to sleep`];
    }),
};

function isForHours(history: History, raising: Scaled): boolean {
  const { timing } = history;
  const branch = branchOf(raising.before) ?? '';
  const { inherited } = surveyOf(history, raising);
  const [workloads = []] = workloadsWithin(history, raising, { branch, ms: 0 }).slice(-1);
  const { keepAwake } = policyOf(branch, workloads, { timing, inherited });
  return keepAwake !== undefined && isKeepAwakeNear(keepAwake.hours, timing.sweepEveryMs, raising.atMs);
}

function mayStayAwake(history: History, branch: Branch, ended: FactOf<'sweep-ended'>): boolean {
  const { picture, atMs } = ended;
  const survey = surveyOf(history, ended);
  const record = picture.records.get(branch.branch);
  const members = membersOf(branch.branch, branch.workloads, record);
  if (record === undefined || members.every(({ replicas }) => replicas === 0)) return true;
  return (
    [...protectionsOf(history, branch, { atMs, survey }), ...recordProtections(history, record, atMs)]
      .length > 0
  );
}
