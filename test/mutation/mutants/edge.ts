import type { Mutant } from '../mutant.ts';

const HOLD = 'functions/hold.ts';
const TOUCH = 'functions/touch.ts';
const HEARTBEAT = 'functions/heartbeat.ts';
const SLEEP = 'functions/sleep.ts';

/** What nginx and Cloud Scheduler are answered. */
export const EDGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'hold-is-cut',
    breaks: 'An instance that ends cuts the requests it holds.',
    file: HOLD,
    find: "for (const response of open) steer(response, 'again');",
    replace: "for (const response of open) if (response.destroyed) steer(response, 'again');",
  },
  {
    name: 'ending-instance-forgets-holds',
    breaks: 'SIGTERM releases nobody who waits.',
    file: 'functions/holding.ts',
    find: '      hold.releaseAll();\n',
    replace: '',
  },
  {
    name: 'ending-instance-forgets-arrivals',
    breaks: 'SIGTERM cuts those who wait for the code that would hold them.',
    file: 'functions/lazy-holding.ts',
    find: "for (const response of arriving) steer(response, 'again');",
    replace: "for (const response of arriving) if (response.destroyed) steer(response, 'again');",
  },
  {
    name: 'ending-instance-forgets-streams',
    breaks: 'SIGTERM leaves the streams of waiting pages open, and the instance does not end.',
    file: 'functions/holding.ts',
    find: '      progress.endAll();\n',
    replace: '',
  },
  {
    name: 'hold-answers-503',
    breaks: 'A hold has a status of its own, which nginx takes for a crash.',
    file: 'functions/steer.ts',
    find: '    .status(200)\n',
    replace: '    .status(503)\n',
  },
  {
    name: 'hold-outlives-its-client',
    breaks: 'A hold is not told that its client has gone.',
    file: HOLD,
    find: "response.once('close', () => departure.abort());",
    replace: '',
  },
  {
    name: 'touch-answers-with-a-body',
    breaks: 'Each touch costs nginx its upstream connection.',
    file: TOUCH,
    find: "if (answer === 'done') response.status(204).end();",
    replace: "if (answer === 'done') response.status(200).end('ok');",
  },
  {
    name: 'no-branch-is-a-failure',
    breaks: 'A host that is no branch is answered like one that could not be touched.',
    file: TOUCH,
    find: "if (outcome.outcome === 'no-such-branch') return [404,",
    replace: "if (outcome.outcome === 'no-such-branch') return [503,",
  },
  {
    name: 'failed-visit-is-done',
    breaks: 'A visit that could not be written is answered as if it had been.',
    file: TOUCH,
    find: "return problemOf(outcome) === undefined ? 'done' : [503, 'the visit was not fully dealt with'];",
    replace: "return 'done';",
  },
  {
    name: 'lost-heartbeat-is-done',
    breaks: 'A heartbeat that could not be written is answered as if it had been.',
    file: HEARTBEAT,
    find: "return [503, 'the heartbeat could not be recorded'];",
    replace: "return 'done';",
  },
  {
    name: 'blind-sweep-is-well',
    breaks: 'Nobody is alerted of a sweep that was blind or failed.',
    file: SLEEP,
    find: 'response.status(isSweepUnwell(summary) ? 500 : 200)',
    replace: 'response.status(200)',
  },
  {
    name: 'sweep-by-get',
    breaks: 'Anybody who opens the address starts a sweep.',
    file: SLEEP,
    find: "if (method !== 'POST') return [405, 'only POST is allowed'];",
    replace: '',
  },
  {
    name: 'dry-run-by-request-only',
    breaks: 'A Dormouse that is set to a dry run sweeps in earnest.',
    file: SLEEP,
    find: 'isDryRun: isDryRun || asked === true',
    replace: 'isDryRun: isDryRun ? asked === true : asked === true',
  },
  {
    name: 'touch-by-post',
    breaks: 'Other methods than GET reach the routes.',
    file: 'functions/wake.ts',
    find: "if (request.method !== 'GET') return sendProblem(response, 405, 'only GET is allowed');",
    replace: '',
  },
  {
    name: 'head-page-is-empty',
    breaks: 'A HEAD is told that the page is 0 bytes long.',
    file: 'functions/page.ts',
    find: 'response.flushHeaders();',
    replace: '',
  },
  {
    name: 'no-branch-is-503',
    breaks: 'The page of a branch that is not there says to come back later.',
    file: 'functions/page-answer.ts',
    find: "return kind === 'no-such-branch' ? 404 : 503;",
    replace: 'return kind.length === 0 ? 404 : 503;',
  },
  {
    name: 'page-fails-with-kubernetes',
    breaks: 'A visitor gets an error of ours when Kubernetes cannot be asked.',
    file: 'functions/page.ts',
    find: "const progress = { state: 'waiting', step: 'unknown' } as const;",
    replace:
      "if (error !== undefined) throw error;\n    const progress = { state: 'waiting', step: 'unknown' } as const;",
  },
  {
    name: 'unknown-branch-is-followed',
    breaks: 'A watch is opened for whatever branch somebody makes up.',
    file: 'functions/progress.ts',
    find: 'if (refusal !== undefined) return sendProblem(response, ...refusal);',
    replace: 'if (refusal?.[0] === 503) return sendProblem(response, ...refusal);',
  },
];
