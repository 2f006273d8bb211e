import type { HttpFunction, Request, Response } from '@google-cloud/functions-framework';
import { type BranchHost, parseBranchHost } from '../shared/core/branch-host.ts';
import type { TouchOutcome } from '../shared/flows/touch.ts';
import { messageOf, wakeProblem } from '../shared/flows/wake-members.ts';
import type { Log, LogEntry } from '../shared/log.ts';
import { sendProblem } from './send-problem.ts';

export type WakeDependencies = {
  readonly touch: (branch: string) => Promise<TouchOutcome>;
  readonly stampHeartbeat: (proxy: string) => Promise<void>;
  readonly log: Log;
};

const HEARTBEAT_HOST = 'heartbeat';
const PROXY_NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/i;

/**
 * Creates the function that staging-proxy mirrors visits to. It has fixed paths and reads two headers; it never
 * sees the visitor's own path, cookies or body. Every answer to `/touch` that succeeds has no body, because a body
 * costs nginx its upstream connection.
 */
export function createWakeFunction(dependencies: WakeDependencies): HttpFunction {
  return async (request, response) => {
    if (request.path !== '/touch') return sendProblem(response, 404, `there is nothing at ${request.path}`);
    if (request.method !== 'GET') return sendProblem(response, 405, 'only GET is allowed');
    const host = request.header('X-Dormouse-Host');
    if (host === HEARTBEAT_HOST) return answerHeartbeat(dependencies, request, response);
    const read = parseBranchHost(host);
    await answerTouch(dependencies, { request, response, read });
  };
}

async function answerHeartbeat(
  { stampHeartbeat, log }: WakeDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const proxy = request.header('X-Dormouse-Proxy') ?? '';
  if (!PROXY_NAME.test(proxy)) {
    sendProblem(
      response,
      400,
      'the header X-Dormouse-Proxy must be the name of a proxy, at most 100 characters',
    );
    return;
  }
  try {
    await stampHeartbeat(proxy);
    response.status(204).end();
  } catch (error) {
    const entry = { event: 'heartbeat', proxy, problem: messageOf(error) };
    log({ severity: 'ERROR', message: `heartbeat of ${proxy} was lost`, ...entry }, traceOf(request));
    sendProblem(response, 503, 'the heartbeat could not be recorded');
  }
}

type Touch = { readonly request: Request; readonly response: Response; readonly read: BranchHost };

async function answerTouch(
  { touch, log }: WakeDependencies,
  { request, response, read }: Touch,
): Promise<void> {
  if ('problem' in read) {
    log({ severity: 'NOTICE', message: `touch refused: ${read.problem}`, event: 'touch' }, traceOf(request));
    return sendProblem(response, 400, read.problem);
  }
  try {
    const outcome = await touch(read.branch);
    log(describeTouch(read.branch, outcome), traceOf(request));
    if (outcome.outcome === 'no-such-branch') sendProblem(response, 404, `there is no branch ${read.branch}`);
    else if (problemOf(outcome) !== undefined)
      sendProblem(response, 503, 'the visit was not fully dealt with');
    else response.status(204).end();
  } catch (error) {
    const entry = { event: 'touch', branch: read.branch, problem: messageOf(error) };
    log({ severity: 'ERROR', message: `touch of ${read.branch} failed`, ...entry }, traceOf(request));
    sendProblem(response, 503, 'Kubernetes could not be asked');
  }
}

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

function problemOf(outcome: TouchOutcome): string | undefined {
  if (outcome.outcome === 'no-such-branch') return undefined;
  const stampProblem = outcome.stamp.stamp === 'failed' ? outcome.stamp.problem : undefined;
  return stampProblem ?? (outcome.outcome === 'woken' ? wakeProblem(outcome.woken) : undefined);
}

function traceOf(request: Request): string | undefined {
  return request.header('X-Cloud-Trace-Context');
}
