import type { Mutant } from '../mutant.ts';

const BRANCH = 'shared/core/branch.ts';
const READ = 'shared/flows/read-members.ts';

/** Who is woken, and to how many replicas. */
export const WAKE_MUTANTS: readonly Mutant[] = [
  {
    name: 'visit-slack-ignored',
    breaks:
      'A visit counts as later than a claim only by its stamp, which does not tell the order of writes.',
    file: BRANCH,
    find: 'ms > asleepSinceMs - visitSlackMs',
    replace: 'ms > asleepSinceMs - 0 * visitSlackMs',
  },
  {
    name: 'companions-sleep-on',
    breaks: 'Only the workload of the branch’s name is a member, whatever the claim put to sleep.',
    file: BRANCH,
    find: '(workload) => workload === bearer || claimed[workloadRef(workload)] !== undefined,',
    replace: '(workload) => workload === bearer,',
  },
  {
    name: 'everything-is-a-member',
    breaks: 'A companion that a person keeps at 0 is woken with its branch.',
    file: BRANCH,
    find: '(workload) => workload === bearer || claimed[workloadRef(workload)] !== undefined,',
    replace: '() => true,',
  },
  {
    name: 'nameless-branch-wakes-all',
    breaks: 'Where no workload bears the name, a companion that a person keeps at 0 is woken.',
    file: BRANCH,
    find: 'return up.length > 0 ? up : workloads;',
    replace: 'return workloads;',
  },
  {
    name: 'counts-outlive-the-claim',
    breaks: 'The counts of an earlier sleep count after their claim has ended.',
    file: BRANCH,
    find: 'return record?.asleepSinceMs === undefined ? {} : (record.replicas ?? {});',
    replace: 'return record?.replicas ?? {};',
  },
  {
    name: 'counts-forgotten',
    breaks: 'A wake does not bring back the replicas from before the sleep.',
    file: BRANCH,
    find: 'annotatedReplicas(workload, inherited) ?? remembered[ref] ?? 1',
    replace: 'annotatedReplicas(workload, inherited) ?? 1',
  },
  {
    name: 'replicas-annotation-ignored',
    breaks: 'A wake brings back what was remembered although an annotation says how many.',
    file: BRANCH,
    find: 'annotatedReplicas(workload, inherited) ?? remembered[ref] ?? 1',
    replace: 'remembered[ref] ?? annotatedReplicas(workload, inherited) ?? 1',
  },
  {
    name: 'wakes-only-what-it-saw-at-0',
    breaks:
      'A wake leaves out the members that were above 0 when it looked, and a sweep scales down meanwhile.',
    file: BRANCH,
    find: 'return members.map((workload) => {',
    replace: 'return members.filter(({ replicas }) => replicas === 0).map((workload) => {',
  },
  {
    name: 'half-asleep-is-awake',
    breaks: 'A branch counts as awake while one of its members is at 0.',
    file: BRANCH,
    find: 'return members.some((workload) => workload.replicas === 0);',
    replace: 'return members.every((workload) => workload.replicas === 0);',
  },
  {
    name: 'edits-are-no-activity',
    breaks: 'A branch that was deployed a moment ago is put to sleep.',
    file: BRANCH,
    find: 'return Math.max(record.lastAccessMs, ...edits);',
    replace: 'return edits.length === 0 ? 0 : record.lastAccessMs;',
  },
  {
    name: 'unread-record-wakes-one',
    breaks: 'Without a record that can be read, only the workload of the branch’s name is woken.',
    file: READ,
    find: 'if (record === undefined || bearer === undefined ||',
    replace: 'if (bearer === undefined ||',
  },
  {
    name: 'visit-leaves-companions',
    breaks: 'A visit wakes the workload of the branch’s name and none of its companions.',
    file: READ,
    find: 'return { members: [bearer, ...companions], record };',
    replace: 'return { members: companions.slice(0, 0).concat(bearer), record };',
  },
  {
    name: 'name-wins-over-label',
    breaks: 'A visit wakes a workload of the branch’s name that a label gives to another branch.',
    file: READ,
    find: ' || branchOf(bearer) !== branch)',
    replace: ')',
  },
  {
    name: 'stray-companion-is-woken',
    breaks: 'A workload that left the branch since the claim is scaled with it.',
    file: READ,
    find: '.filter((workload) => branchOf(workload) === branch);',
    replace: '.slice();',
  },
  {
    name: 'one-failure-stops-the-wake',
    breaks: 'A member that cannot be woken hides what became of the others.',
    file: 'shared/flows/wake-members.ts',
    find: "return { ...plan, outcome: 'failed', problem: messageOf(error) };",
    replace: 'throw error;',
  },
];
