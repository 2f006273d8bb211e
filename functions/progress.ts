import type { HttpFunction, Response } from '@google-cloud/functions-framework';
import { parseBranchHost } from '../shared/core/branch-host.ts';
import { messageOf } from '../shared/core/message-of.ts';
import type { FollowBranch } from '../shared/flows/follow-branch.ts';
import type { KnownBranches } from '../shared/flows/known-branches.ts';
import type { Pause } from '../shared/flows/pause.ts';
import type { Log } from '../shared/log.ts';
import { toProgress } from '../shared/page/progress.ts';
import { createEventStream, type EventStream } from './event-stream.ts';
import { sendProblem } from './send-problem.ts';
import { traceOf } from './trace-of.ts';

export type ProgressDependencies = {
  readonly follow: FollowBranch;
  /** Whether there is such a branch: nobody may make us watch what does not exist. */
  readonly ask: KnownBranches['ask'];
  readonly pause: Pause;
  readonly log: Log;
};

export type ProgressRoute = {
  readonly route: HttpFunction;
  /** Ends every open stream, at once: this instance ends, the pages reconnect to another one. */
  readonly endAll: () => void;
};

const COMMENT_EVERY_MS = 5_000;
/** A stream ends by itself after four comments, 20 s: an instance is never kept for a page that nobody looks at. */
const COMMENTS_PER_STREAM = 4;

/**
 * Answers `GET /progress` with server-sent events: `progress` at each change, then `ready` or `failed`, after which the
 * stream ends. Never a touch. A page reconnects by itself after a stream that ended, and after any other answer than 200
 * as its script likes.
 */
export function createProgressRoute(dependencies: ProgressDependencies): ProgressRoute {
  const open = new Set<EventStream>();
  return {
    route: async (request, response) => {
      const read = parseBranchHost(request.header('X-Dormouse-Host'));
      if ('problem' in read) return sendProblem(response, 400, read.problem);
      const refusal = await refuse(dependencies, read.branch, traceOf(request));
      if (refusal !== undefined) return sendProblem(response, ...refusal);
      await stream(dependencies, read.branch, { response, open });
    },
    endAll: () => {
      for (const events of [...open]) events.end();
    },
  };
}

async function refuse(
  { ask, log }: ProgressDependencies,
  branch: string,
  trace: string | undefined,
): Promise<readonly [number, string] | undefined> {
  try {
    const answer = await ask(branch);
    if (answer === 'busy') return [429, 'too many hosts that nobody knows are asked for'];
    return answer === 'known' ? undefined : [404, `there is no branch ${branch}`];
  } catch (error) {
    const entry = { event: 'progress', branch, problem: messageOf(error) };
    log({ severity: 'ERROR', message: `progress of ${branch} cannot be told`, ...entry }, trace);
    return [503, 'Kubernetes could not be asked'];
  }
}

type Connection = { readonly response: Response; readonly open: Set<EventStream> };

async function stream(
  { follow, pause }: ProgressDependencies,
  branch: string,
  { response, open }: Connection,
): Promise<void> {
  const events = createEventStream(response);
  if (events.ended.aborted) return;
  open.add(events);
  const unfollow = follow(branch, (sight) => tell(events, toProgress(sight)));
  for (let comments = 0; comments < COMMENTS_PER_STREAM && !events.ended.aborted; comments += 1) {
    await pause(COMMENT_EVERY_MS, events.ended);
    events.comment();
  }
  unfollow();
  open.delete(events);
  events.end();
}

const EVENT_OF = { waiting: 'progress', hopeless: 'failed', reachable: 'ready' } as const;

function tell(events: EventStream, progress: ReturnType<typeof toProgress>): void {
  events.send(EVENT_OF[progress.state], JSON.stringify(progress));
  if (progress.state !== 'waiting') events.end();
}
