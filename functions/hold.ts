import type { Request, Response } from '@google-cloud/functions-framework';
import { parseBranchHost } from '../shared/core/branch-host.ts';
import type { HeldRequest, HoldOutcome } from '../shared/flows/hold.ts';
import type { Log } from '../shared/log.ts';
import { createBoundedLog } from './bounded-log.ts';
import { steer } from './steer.ts';
import { traceOf } from './trace-of.ts';
import { visitorOf } from './visitor-of.ts';

export type HoldRouteDependencies = {
  readonly hold: (held: HeldRequest) => Promise<HoldOutcome>;
  readonly log: Log;
};

export type HoldRoute = {
  /** `arrivedMs`: when the request came, by the instance's clock. */
  readonly route: (request: Request, response: Response, arrivedMs: number) => Promise<void>;
  /** Sends every open hold back to nginx, at once: this instance ends, another one goes on. */
  readonly releaseAll: () => void;
};

/**
 * Answers `GET /hold`: 200, always, with an `X-Accel-Redirect` that says what nginx does with the request it holds.
 * Any other status would be Google's own, or a crash.
 */
export function createHoldRoute({ hold, log }: HoldRouteDependencies): HoldRoute {
  const open = new Set<Response>();
  const logStranger = createBoundedLog(log);
  return {
    route: async (request, response, arrivedMs) => {
      const read = parseBranchHost(request.header('X-Dormouse-Host'));
      if ('problem' in read) return steer(response, 'page');
      open.add(response);
      const left = departureOf(response);
      const held = { branch: read.branch, visitor: visitorOf(request), arrivedMs, left };
      const outcome = await hold(held).finally(() => open.delete(response));
      const severity = outcome.problem === undefined ? 'INFO' : 'ERROR';
      const entry = { severity, event: 'hold', branch: read.branch, ...outcome } as const;
      const write = isStranger(outcome) ? logStranger : log;
      write(
        { message: `hold ${read.branch}: ${outcome.answer}, ${outcome.reason}`, ...entry },
        traceOf(request),
      );
      steer(response, outcome.answer);
    },
    releaseAll: () => {
      for (const response of open) steer(response, 'again');
    },
  };
}

/** Somebody's invention, as far as we know. */
function isStranger({ reason }: HoldOutcome): boolean {
  return reason === 'no-such-branch' || reason === 'busy';
}

/** Aborted when the connection closes before the answer: then nobody waits any more. */
function departureOf(response: Response): AbortSignal {
  const departure = new AbortController();
  if (response.destroyed) departure.abort(); // it closed before we were asked
  response.once('close', () => departure.abort());
  return departure.signal;
}
