import type { Mutant } from '../mutant.ts';

const DECIDE = 'shared/core/decide-hold.ts';
const HOLD = 'shared/flows/hold.ts';
const FOLLOW = 'shared/flows/follow-branch.ts';
const JUDGE = 'shared/core/judge-wake.ts';

/** What becomes of a request that waits. */
export const HOLD_MUTANTS: readonly Mutant[] = [
  {
    name: 'limit-starts-anew',
    breaks: 'The hold limit counts from each try, and so goes past the load balancer’s.',
    file: HOLD,
    find: 'return visitor.waitedMs + now() - arrivedMs;',
    replace: 'return visitor.waitedMs * 0 + now() - arrivedMs;',
  },
  {
    name: 'person-waits-for-a-blank-tab',
    breaks: 'A person in a browser waits to the hold limit without a page.',
    file: DECIDE,
    find: 'visitor.isNavigation ? limits.pageAfterMs : limits.holdLimitMs',
    replace: 'limits.holdLimitMs',
  },
  {
    name: 'tries-without-a-pause',
    breaks: 'nginx tries a branch that is Ready and not listening again and again without a pause.',
    file: DECIDE,
    find: 'TRY_AFTER_MS[tries + rounds] ?? LATER_TRY_AFTER_MS',
    replace: 'TRY_AFTER_MS[(tries + rounds) * 0] ?? LATER_TRY_AFTER_MS',
  },
  {
    name: 'hopeless-waits',
    breaks: 'A visitor waits to the limit for a branch that cannot start.',
    file: DECIDE,
    find: "if (state?.state === 'hopeless') return { action: 'page' };",
    replace: '',
  },
  {
    name: 'hold-is-no-touch',
    breaks: 'A hold waits for a branch that it did not wake.',
    file: HOLD,
    find: 'return { touch: await touch(branch, { isHeld: true, isBackground: visitor.isBackground }) };',
    replace:
      "return touch === undefined || visitor === undefined\n      ? {}\n      : { touch: { outcome: branch === '' ? 'would-wake' : 'awake', stamp: { stamp: 'written' } } };",
  },
  {
    name: 'hold-fails-with-its-touch',
    breaks: 'A hold whose touch failed is not held.',
    file: HOLD,
    find: 'return { problem: messageOf(error) };',
    replace: 'throw error;',
  },
  {
    name: 'hold-sleeps-on',
    breaks: 'A branch that is put to sleep again while somebody waits stays asleep.',
    file: HOLD,
    find: 'if (isAsleep(sight)) void touchOnce(dependencies, held);',
    replace: 'if (isAsleep(sight)) void dependencies;',
  },
  {
    name: 'hanging-touch-holds-for-ever',
    breaks: 'A touch that hangs holds its visitor past the limit.',
    file: HOLD,
    find: 'Promise.race([touchOnce(dependencies, held), tooLate])',
    replace: 'Promise.race([touchOnce(dependencies, held)].slice(tooLate === undefined ? 1 : 0))',
  },
  {
    name: 'hold-goes-on-without-its-client',
    breaks: 'A request whose client has gone is held to the limit.',
    file: HOLD,
    find: 'pause(atMostMs, AbortSignal.any([arrived.signal, left]))',
    replace: 'pause(atMostMs, AbortSignal.any([arrived.signal, ...(left.aborted ? [left] : [])]))',
  },
  {
    name: 'silent-watch-is-trusted',
    breaks: 'A watch that falls silent keeps a visitor waiting: nothing is read beside it.',
    file: FOLLOW,
    find: '  void reread(dependencies, following);\n',
    replace: '  if (following.words > 0) void reread(dependencies, following);\n',
  },
  {
    name: 'cut-watch-stays-cut',
    breaks: 'A watch that ended is not opened again.',
    file: FOLLOW,
    find: '    await pause(REWATCH_AFTER_MS, ended.signal);\n',
    replace: '    if (following.words >= 0) return;\n',
  },
  {
    name: 'old-reading-wins',
    breaks: 'What was read before the watch spoke hides that the branch is reachable.',
    file: FOLLOW,
    find: 'state: isOutdated ? REACHABLE : judgeWake(branch, view), view',
    replace: 'state: isOutdated && view === undefined ? REACHABLE : judgeWake(branch, view), view',
  },
  {
    name: 'one-bad-pod-is-hopeless',
    breaks: 'One pod that cannot start makes people give up, while another is about to serve.',
    file: JUDGE,
    find: 'return hopeless.length === verdicts.length ? hopeless[0] : undefined;',
    replace: 'return hopeless[0];',
  },
  {
    name: 'first-crash-is-hopeless',
    breaks: 'A container that crashed once is given up.',
    file: JUDGE,
    find: "reason !== 'CrashLoopBackOff' || restarts < HOPELESS_RESTARTS",
    replace: "reason !== 'CrashLoopBackOff'",
  },
  {
    name: 'dying-endpoints-serve',
    breaks: 'A visitor is sent to a pod that is being stopped.',
    file: 'shared/adapters/kubernetes/serving-endpoints.ts',
    find: 'return conditions?.serving !== false && conditions?.terminating !== true;',
    replace: 'return conditions?.serving !== false;',
  },
  {
    name: 'script-gets-a-page',
    breaks: 'A request of Turbo or htmx gets a page that it would put into the application.',
    file: 'shared/core/is-navigation.ts',
    find: "if (isScript || (method !== 'GET' && method !== 'HEAD')) return false;",
    replace: "if (method !== 'GET' && method !== 'HEAD') return false;",
  },
];
