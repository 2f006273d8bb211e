import type { Mutant } from '../mutant.ts';

const SWEEP = 'shared/flows/sweep.ts';
const BLIND = 'shared/core/decide-blind.ts';

/** The sweep as a whole, and when it must not trust what it sees. */
export const SWEEP_MUTANTS: readonly Mutant[] = [
  {
    name: 'blind-sweep-puts-to-sleep',
    breaks: 'Branches are put to sleep although touches may be getting lost.',
    file: SWEEP,
    find: "if (sight !== 'blind') return false;",
    replace: "if (sight !== 'blind' || decision.action === 'sleep') return false;",
  },
  {
    name: 'sight-is-read-once',
    breaks: 'A proxy that falls silent during a sweep goes unseen.',
    file: SWEEP,
    find: "if (sight.sight === 'clear') sight = await readSight(dependencies);",
    replace: '',
  },
  {
    name: 'unread-heartbeats-are-fine',
    breaks: 'Heartbeats that cannot be read count as heard.',
    file: SWEEP,
    find: "return { sight: 'blind', reason: 'no-heartbeat', explanation };",
    replace:
      "return explanation === '' ? { sight: 'blind', reason: 'no-heartbeat', explanation } : { sight: 'clear' };",
  },
  {
    name: 'records-before-the-list',
    breaks: 'A record may be older than what the cluster showed.',
    file: 'shared/flows/plan-sweep.ts',
    find: '  const [workloads, surroundings] = await Promise.all([cluster.listWorkloads(), readSurroundings(cluster)]);\n  const snapshot = await store.readAll();',
    replace:
      '  const snapshot = await store.readAll();\n  const [workloads, surroundings] = await Promise.all([cluster.listWorkloads(), readSurroundings(cluster)]);',
  },
  {
    name: 'dry-run-acts',
    breaks: 'A dry run does what it is to rehearse.',
    file: SWEEP,
    find: '? rehearseAll(dependencies, { ...plan, sight })',
    replace: '? await performAll(dependencies, { ...plan, sight, place }, endsAtMs)',
  },
  {
    name: 'sweep-outlives-its-deadline',
    breaks: 'A sweep goes on past its deadline, and is cut in the middle of a batch.',
    file: SWEEP,
    find: 'swept.length < planned.length && now() < endsAtMs',
    replace: 'swept.length < planned.length && now() < Number.POSITIVE_INFINITY',
  },
  {
    name: 'sweep-begins-at-the-start',
    breaks: 'What a sweep has no time for is the last in the next one, too.',
    file: 'shared/core/order-sweep.ts',
    find: 'return state.branch > resumeAfter ? 0 : 1;',
    replace: 'return state.branch > resumeAfter ? 0 : 0;',
  },
  {
    name: 'sleepers-before-visitors',
    breaks: 'A branch that somebody waits for is healed after all others were put to sleep.',
    file: 'shared/core/order-sweep.ts',
    find: '  sleep: 2,',
    replace: '  sleep: -1,',
  },
  {
    name: 'silent-proxy-ignored',
    breaks: 'A proxy that fell silent is forgotten at once.',
    file: BLIND,
    find: 'if (silent.length > 0)',
    replace: 'if (silent.length > 9)',
  },
  {
    name: 'no-heartbeat-ignored',
    breaks: 'A sweep without any proxy puts branches to sleep.',
    file: BLIND,
    find: "if (beating.length === 0) return blind('no-heartbeat', 'no proxy reports that touches arrive');",
    replace: '',
  },
  {
    name: 'missing-proxy-ignored',
    breaks: 'Fewer proxies than there should be are enough.',
    file: BLIND,
    find: 'if (beating.length < expectedProxies) {',
    replace: 'if (beating.length === 0) {',
  },
  {
    name: 'label-wins-no-more',
    breaks: 'A workload belongs to the branch of its name, whatever its label says.',
    file: 'shared/core/branch.ts',
    find: 'const branch = workload.branchLabel ?? workload.name;',
    replace:
      'const branch = isBranchName(workload.name) ? workload.name : (workload.branchLabel ?? workload.name);',
  },
  {
    name: 'anything-is-a-branch',
    breaks: 'A workload that no visitor could ask for is put to sleep.',
    file: 'shared/core/branch.ts',
    find: 'return isBranchName(branch) ? branch : undefined;',
    replace: 'return isBranchName(branch) || branch.length > 0 ? branch : undefined;',
  },
];
