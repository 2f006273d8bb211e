import type { Mutant } from '../mutant.ts';

const SETTLE = 'shared/flows/settle-branch.ts';
const PERFORM = 'shared/flows/perform-decision.ts';

/** How a claim ends. */
export const SETTLE_MUTANTS: readonly Mutant[] = [
  {
    name: 'claim-ended-before-waking',
    breaks: 'asleepSince is cleared before the rest of the branch is scaled up.',
    file: SETTLE,
    find: '  const woken = await wakeRest(context, state);\n',
    replace: `  const cleared = await store.update(branch, stored.version, endOfClaim(isVisited, undefined));
  const woken = await wakeRest(context, state);
  if (cleared.outcome === 'written') return { result: 'settled' };
`,
  },
  {
    name: 'settle-trusts-the-list',
    breaks: 'A claim is ended by what the list showed, without reading the branch again.',
    file: SETTLE,
    find: 'const workloads = await cluster.readBranch(branch);',
    replace: 'const workloads = await Promise.resolve(cluster && state.workloads);',
  },
  {
    name: 'half-awake-is-settled',
    breaks: 'A claim is ended while a member is at 0.',
    file: SETTLE,
    find: 'members.length === 0 || isAsleep(members) || problem !== undefined',
    replace: 'members.length === 0 || problem !== undefined',
  },
  {
    name: 'settle-wakes-nobody',
    breaks: 'A branch that was found half awake stays half awake.',
    file: SETTLE,
    find: 'return isAsleep(members) ? wakeMembers',
    replace: 'return members.length === 0 ? wakeMembers',
  },
  {
    name: 'settled-is-idle',
    breaks: 'A branch that somebody else woke is put to sleep again at once.',
    file: SETTLE,
    find: "return { ...ended, lastAccess: 'now', contested: contested ?? 'clear' };",
    replace: "return { ...ended, contested: contested ?? 'clear' };",
  },
  {
    name: 'deploy-is-a-contest',
    breaks: 'Three deploys make a branch contested.',
    file: SETTLE,
    find: "const contested = end === 'put-back' ?",
    replace: "const contested = end === 'put-back' || end === 'deployed' ?",
  },
  {
    name: 'visit-is-a-contest',
    breaks: 'Three wakes of our own make a branch contested.',
    file: SETTLE,
    find: "if (end === 'visited' || end === 'expected') return ended;",
    replace:
      "if (end === 'expected') return ended;\n  if (end === 'visited') return { ...ended, contested: 1 };",
  },
  {
    name: 'expires-without-a-look',
    breaks: 'A list that missed a branch makes it forget what sleeps.',
    file: PERFORM,
    find: "if (workloads.length > 0) return { result: 'kept', reason: 'changed-meanwhile' };",
    replace: '',
  },
  {
    name: 'gone-branch-keeps-its-claim',
    breaks: 'A branch that is made again under an old name inherits its claim.',
    file: PERFORM,
    find: "    asleepSince: 'clear',\n    replicas: 'clear',\n    revisions: 'clear',\n    contested: 'clear',",
    replace: "    contested: 'clear',",
  },
  {
    name: 'failure-stops-the-sweep',
    breaks: 'One branch that fails stops the sweep of all others.',
    file: PERFORM,
    find: "return { result: 'failed', problem: messageOf(error) };",
    replace: 'throw error;',
  },
  {
    name: 'note-on-is-no-visit',
    breaks: 'A return by hand is noted, and is no visit.',
    file: PERFORM,
    find: "change: { offSince: 'clear', lastAccess: 'now' }",
    replace: "change: { offSince: 'clear' }",
  },
];
