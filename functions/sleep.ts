import type { Request, Response } from '@google-cloud/functions-framework';
import type { Caller } from '../shared/core/caller.ts';
import { messageOf } from '../shared/core/message-of.ts';
import { isSweepUnwell, type SweepSummary } from '../shared/core/summarize-sweep.ts';
import { countsOf } from '../shared/core/sweep-counts.ts';
import type { SweepOptions } from '../shared/flows/sweep.ts';
import type { Log, LogEntry, Severity } from '../shared/log.ts';
import { leaveDomain } from './leave-domain.ts';
import { sendProblem } from './send-problem.ts';
import { traceOf } from './trace-of.ts';

export type SleepDependencies = {
  readonly sweep: (options: SweepOptions) => Promise<SweepSummary>;
  /** True: every sweep is a dry run, whatever is asked for. */
  readonly isDryRun: boolean;
  readonly log: Log;
};

/**
 * Creates the function that Cloud Scheduler posts to: one sweep, answered with its summary. 500 if a branch failed,
 * the sweep was blind, or it had time for none, so that Scheduler counts it as failed; the branches are kept awake all the same. A caller
 * whose token came without its signature, as Scheduler's does, learns numbers only: anybody could have written it, if
 * everybody may call.
 */
export function createSleepFunction({ sweep, isDryRun, log }: SleepDependencies) {
  return async (request: Request, response: Response, caller?: Caller): Promise<void> => {
    leaveDomain();
    const asked = readDryRun(request);
    const refusal = refusalOf(request, asked);
    if (refusal !== undefined) return sendProblem(response, ...refusal);
    const trace = traceOf(request);
    try {
      const summary = await sweep({ isDryRun: isDryRun || asked === true });
      log(describeSweep(summary), trace);
      const isTold = mayBeToldNames(caller);
      response.status(isSweepUnwell(summary) ? 500 : 200).json(isTold ? summary : countsOf(summary));
    } catch (error) {
      log({ severity: 'ERROR', message: 'sweep failed', event: 'sweep', problem: messageOf(error) }, trace);
      sendProblem(response, 500, describeFailure(error, caller));
    }
  };
}

function mayBeToldNames(caller: Caller | undefined): boolean {
  return caller?.proof !== 'claims';
}

function describeFailure(error: unknown, caller: Caller | undefined): string {
  return mayBeToldNames(caller)
    ? `the sweep could not begin: ${messageOf(error)}`
    : 'the sweep could not begin';
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
    severity: severityOf(summary),
    message: messageOfSweep(summary),
    event: 'sweep',
    ...counts,
  };
}

function severityOf(summary: SweepSummary): Severity {
  if (isSweepUnwell(summary)) return 'ERROR';
  return summary.stopped === false ? 'INFO' : 'WARNING';
}

function messageOfSweep({ branches, slept, healed, failed, blind, stopped }: SweepSummary): string {
  if (blind !== false) return `sweep was blind: ${blind.explanation}`;
  const told = `sweep of ${branches} branches: ${slept} slept, ${healed} healed, ${failed} failed`;
  return stopped === false ? told : `${told}; ${stopped.remaining} wait for the next, as time was up`;
}
