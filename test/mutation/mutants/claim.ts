import type { Mutant } from '../mutant.ts';

const SLEEP = 'shared/flows/sleep-branch.ts';

/** How a branch is put to sleep: read again, decide again, claim, scale, look again. */
export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-claim',
    breaks: 'A branch is scaled to 0 without a claim.',
    file: SLEEP,
    find: 'const claimed = await store.update(branch, stored.version, change);',
    replace:
      'const claimed: Awaited<ReturnType<typeof store.update>> = { outcome: "written", version: stored.version };',
  },
  {
    name: 'lost-claim-ignored',
    breaks: 'A claim that lost against a visit is taken for won.',
    file: SLEEP,
    find: "if (claimed.outcome === 'conflict') return { result: 'kept', reason: 'changed-meanwhile' };\n  const claim = { version: claimed.version,",
    replace: "const claim = { version: 'version' in claimed ? claimed.version : stored.version,",
  },
  {
    name: 'no-reread',
    breaks: 'The workloads are scaled as the list showed them, not as they are.',
    file: SLEEP,
    find: 'groupByBranch(await cluster.readBranch(branch)).get(branch) ?? []',
    replace: 'groupByBranch(state.workloads).get(branch) ?? []',
  },
  {
    name: 'no-second-decision',
    breaks: 'What the second reading shows does not count.',
    file: SLEEP,
    find: "if (decision.action !== 'sleep') {",
    replace: "if (decision.action === 'register') {",
  },
  {
    name: 'scales-before-the-claim',
    breaks: 'A branch is scaled to 0 and claimed after that.',
    file: SLEEP,
    find: '  const claimed = await store.update',
    replace:
      '  await scaleDown(context, { version: stored.version, claimedAtMs, workloads });\n  const claimed = await store.update',
  },
  {
    name: 'late-scaling',
    breaks: 'A sweep that froze after its claim scales down a branch that was visited and settled meanwhile.',
    file: SLEEP,
    find: "  if (now() - claimedAtMs > rules.timing.claimDeadlineMs) return undone('claim-deadline');\n",
    replace: '',
  },
  {
    name: 'lost-answer-ignored',
    breaks: 'A scaling whose answer was lost is taken for done.',
    file: SLEEP,
    find: "if (rejected !== undefined) return undone('scaling-failed', messageOf(rejected.reason));",
    replace: '',
  },
  {
    name: 'conflict-ignored',
    breaks: 'A workload that somebody changed meanwhile leaves its branch half asleep.',
    file: SLEEP,
    find: "return isConflict ? undone('conflict') : undefined;",
    replace: 'return undefined;',
  },
  {
    name: 'no-third-look',
    breaks: 'A visit between the claim and the scaling goes unseen.',
    file: SLEEP,
    find: "const isUnchanged = read.outcome === 'found' && read.version === claim.version;",
    replace: "const isUnchanged = read.outcome === 'found';",
  },
  {
    name: 'unread-record-is-unchanged',
    breaks: 'A record that cannot be read after the scaling counts as unchanged.',
    file: SLEEP,
    find: "return undone('record-unreadable', messageOf(error));",
    replace: 'return undefined;',
  },
  {
    name: 'no-undo',
    breaks: 'A branch in doubt is not woken again.',
    file: SLEEP,
    find: 'wakeProblem(await wakeMembers(cluster, { members, record, surroundings }))',
    replace:
      'wakeProblem(await wakeMembers(cluster, { members: members.slice(members.length), record, surroundings }))',
  },
  {
    name: 'undo-forgets-counts',
    breaks: 'A sleep that is taken back brings each workload to 1, not to what it had.',
    file: SLEEP,
    find: 'const record = { lastAccessMs: 0, asleepSinceMs: 0, wakeMs: [], replicas };',
    replace: 'const record = { lastAccessMs: 0, asleepSinceMs: 0, wakeMs: [] };',
  },
  {
    name: 'undo-ends-the-claim',
    breaks: 'A sweep that takes its sleep back ends the claim, though its scaling may still arrive.',
    file: SLEEP,
    find: '  const members = claim.workloads.filter((workload) => workload.replicas > 0);',
    replace: `  const members = claim.workloads.filter((workload) => workload.replicas > 0);
  const branch = members[0]?.branchLabel ?? members[0]?.name ?? '';
  const { store } = arguments[0] as SweepContext;
  const current = await store.readRecord(branch).catch(() => undefined);
  if (current?.outcome === 'found')
    await store.update(branch, current.version, { asleepSince: 'clear', replicas: 'clear' }).catch(() => undefined);`,
  },
];
