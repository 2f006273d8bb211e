import { membersOf } from '../../../shared/core/branch.ts';
import { type Branch, branchesOf, type History, sweepsOf } from '../history.ts';
import type { FactOf } from '../world/fact.ts';
import type { Invariant } from './invariant.ts';
import { protectionsOf, recordProtections } from './protections.ts';

export const calmEndsInSleep: Invariant = {
  sentence:
    'With no visitors every idle branch is at 0 after finitely many sweeps, and then a sweep writes nothing.',
  violations: (history) => {
    const last = sweepsOf(history).at(-1);
    if (last === undefined || !history.facts.some(({ fact }) => fact === 'calm')) return [];
    const writes = last.between.filter(({ fact }) => fact === 'scaled' || fact === 'recorded');
    return [
      ...branchesOf(last.ended.picture)
        .filter((branch) => !mayStayAwake(history, branch, last.ended))
        .map(({ branch }) => `${branch} is still up after ${last.ended.by}`),
      ...writes.map(({ fact }) => `${last.ended.by} is steady and yet something was ${fact}`),
    ];
  },
};

function mayStayAwake(history: History, branch: Branch, { picture, atMs }: FactOf<'sweep-ended'>): boolean {
  const record = picture.records.get(branch.branch);
  const members = membersOf(branch.branch, branch.workloads, record);
  if (record === undefined || members.every(({ replicas }) => replicas === 0)) return true;
  return [...protectionsOf(history, branch, atMs), ...recordProtections(history, record, atMs)].length > 0;
}
