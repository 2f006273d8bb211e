import type { HttpFunction, Request } from '@google-cloud/functions-framework';
import { messageOf } from '../shared/core/message-of.ts';
import { isSweepUnwell, type SweepSummary } from '../shared/core/summarize-sweep.ts';
import type { SweepOptions } from '../shared/flows/sweep.ts';
import type { Log, LogEntry } from '../shared/log.ts';
import { sendProblem } from './send-problem.ts';
import { traceOf } from './trace-of.ts';

export type SleepDependencies = {
  readonly sweep: (options: SweepOptions) => Promise<SweepSummary>;
  /** True: every sweep is a dry run, whatever is asked for. */
  readonly isDryRun: boolean;
  readonly log: Log;
};

/**
 * Creates the function that Cloud Scheduler posts to: one sweep, answered with its summary. 500 if a branch failed
 * or the sweep was blind, so that Scheduler counts it as failed; the branches are kept awake all the same.
 */
export function createSleepFunction({ sweep, isDryRun, log }: SleepDependencies): HttpFunction {
  return async (request, response) => {
    const asked = readDryRun(request);
    const refusal = refusalOf(request, asked);
    if (refusal !== undefined) return sendProblem(response, ...refusal);
    const trace = traceOf(request);
    try {
      const summary = await sweep({ isDryRun: isDryRun || asked === true });
      log(describeSweep(summary), trace);
      response.status(isSweepUnwell(summary) ? 500 : 200).json(summary);
    } catch (error) {
      log({ severity: 'ERROR', message: 'sweep failed', event: 'sweep', problem: messageOf(error) }, trace);
      sendProblem(response, 500, `the sweep could not begin: ${messageOf(error)}`);
    }
  };
}

function refusalOf({ path, method }: Request, asked: boolean | undefined): [number, string] | undefined {
  if (path !== '/') return [404, `there is nothing at ${path}`];
  if (method !== 'POST') return [405, 'only POST is allowed'];
  return asked === undefined ? [400, 'dryRun must be "true" or "false"'] : undefined;
}

function readDryRun(request: Request): boolean | undefined {
  const { dryRun = 'false' } = request.query;
  if (dryRun === 'true') return true;
  return dryRun === 'false' ? false : undefined;
}

function describeSweep(summary: SweepSummary): LogEntry {
  const { decisions: _, ...counts } = summary; // each decision has a line of its own
  return {
    severity: isSweepUnwell(summary) ? 'ERROR' : 'INFO',
    message: messageOfSweep(summary),
    event: 'sweep',
    ...counts,
  };
}

function messageOfSweep({ branches, slept, healed, failed, blind }: SweepSummary): string {
  if (blind !== false) return `sweep was blind: ${blind.explanation}`;
  return `sweep of ${branches} branches: ${slept} slept, ${healed} healed, ${failed} failed`;
}
