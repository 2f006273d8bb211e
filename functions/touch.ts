import type { HttpFunction, Request } from '@google-cloud/functions-framework';
import { parseBranchHost } from '../shared/core/branch-host.ts';
import { messageOf } from '../shared/core/message-of.ts';
import type { Touch, TouchOutcome } from '../shared/flows/touch.ts';
import { wakeProblem } from '../shared/flows/wake-members.ts';
import type { Log, LogEntry } from '../shared/log.ts';
import { createBoundedLog } from './bounded-log.ts';
import { type HeartbeatDependencies, type TouchAnswer, takeHeartbeat } from './heartbeat.ts';
import { createProxyLimit } from './proxy-limit.ts';
import { sendProblem } from './send-problem.ts';
import { traceOf } from './trace-of.ts';

export type TouchDependencies = Omit<HeartbeatDependencies, 'logStranger' | 'isAccepted'> & {
  readonly touch: Touch;
};

const HEARTBEAT_HOST = 'heartbeat';

/**
 * Answers `GET /touch`: a mirrored visit, which may be in the background, or the heartbeat of a proxy. An answer that
 * succeeds has no body, because a body costs nginx its upstream connection.
 */
export function createTouchRoute(dependencies: TouchDependencies): HttpFunction {
  const logStranger = createBoundedLog(dependencies.log);
  const bounded = { ...dependencies, logStranger, isAccepted: createProxyLimit() };
  return async (request, response) => {
    const isHeartbeat = request.header('X-Dormouse-Host') === HEARTBEAT_HOST;
    const answer = await (isHeartbeat ? takeHeartbeat : answerTouch)(bounded, request);
    if (answer === 'done') response.status(204).end();
    else sendProblem(response, ...answer);
  };
}

async function answerTouch(
  { touch, log, logStranger }: TouchDependencies & { readonly logStranger: Log },
  request: Request,
): Promise<TouchAnswer> {
  const trace = traceOf(request);
  const read = parseBranchHost(request.header('X-Dormouse-Host'));
  if ('problem' in read) {
    logStranger({ severity: 'NOTICE', message: `touch refused: ${read.problem}`, event: 'touch' }, trace);
    return [400, read.problem];
  }
  const { branch } = read;
  try {
    const isBackground = request.header('X-Dormouse-Background') === '1';
    const outcome = await touch(branch, { isBackground });
    const write = isStranger(outcome) ? logStranger : log;
    if (!isRepeated(outcome)) write(describeTouch(branch, outcome), trace);
    if (outcome.outcome === 'no-such-branch') return [404, `there is no branch ${branch}`];
    if (outcome.outcome === 'busy') return [429, 'too many hosts that nobody knows are asked for'];
    return problemOf(outcome) === undefined ? 'done' : [503, 'the visit was not fully dealt with'];
  } catch (error) {
    const entry = { event: 'touch', branch, problem: messageOf(error) };
    log({ severity: 'ERROR', message: `touch of ${branch} failed`, ...entry }, trace);
    return [503, 'Kubernetes could not be asked'];
  }
}

/** The log entry of a touch. */
function describeTouch(branch: string, outcome: TouchOutcome): LogEntry {
  const problem = problemOf(outcome);
  const quiet = outcome.outcome === 'awake' ? 'DEBUG' : 'INFO';
  return {
    severity: problem === undefined ? quiet : 'ERROR',
    message: `touch ${branch}: ${outcome.outcome}`,
    event: 'touch',
    branch,
    ...outcome,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Neither written nor, in most cases, looked at: the touch before it has a line, and a line costs more than the rest. */
function isRepeated(outcome: TouchOutcome): boolean {
  return outcome.outcome === 'awake' && outcome.stamp.stamp === 'throttled';
}

type StrangerOutcome = Extract<TouchOutcome, { outcome: 'no-such-branch' | 'busy' }>;

/** Somebody's invention, as far as we know. */
function isStranger(outcome: TouchOutcome): outcome is StrangerOutcome {
  return outcome.outcome === 'no-such-branch' || outcome.outcome === 'busy';
}

function problemOf(outcome: TouchOutcome): string | undefined {
  if (isStranger(outcome)) return undefined;
  const stampProblem = outcome.stamp.stamp === 'failed' ? outcome.stamp.problem : undefined;
  return stampProblem ?? (outcome.outcome === 'woken' ? wakeProblem(outcome.woken) : undefined);
}
