import type { Request } from '@google-cloud/functions-framework';
import { isBranchName } from '../shared/core/branch-host.ts';
import { messageOf } from '../shared/core/message-of.ts';
import type { Log } from '../shared/log.ts';
import type { VisitStore } from '../shared/ports.ts';
import { traceOf } from './trace-of.ts';

export type HeartbeatDependencies = {
  readonly stampHeartbeat: (proxy: string) => Promise<void>;
  readonly stampBackground: VisitStore['stampBackground'];
  readonly log: Log;
  /** Takes a bounded number of lines about what strangers may make up. */
  readonly logStranger: Log;
  readonly isAccepted: (proxy: string) => boolean;
};

/** What is answered if not `done`: a status and a sentence. */
export type TouchAnswer = 'done' | readonly [number, string];

const PROXY_NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/i;
/** What nginx names at most. */
const MAX_OPEN = 100;
/** So many are written at once, so that one heartbeat does not crowd out the visits. */
const STAMPS_AT_ONCE = 10;

/**
 * Takes the heartbeat of a proxy, and with it the branches that have an open connection there (`X-Dormouse-Open`), as
 * background activity. Fails closed: a heartbeat says that all is heard, so it counts only when those are written.
 */
export async function takeHeartbeat(
  dependencies: HeartbeatDependencies,
  request: Request,
): Promise<TouchAnswer> {
  const proxy = request.header('X-Dormouse-Proxy') ?? '';
  if (!PROXY_NAME.test(proxy)) {
    return [400, 'the header X-Dormouse-Proxy must be the name of a proxy, at most 100 characters'];
  }
  const { stampHeartbeat, stampBackground, log, logStranger, isAccepted } = dependencies;
  if (!isAccepted(proxy)) {
    const message = `heartbeat of ${proxy} refused: too many proxies are new`;
    logStranger({ severity: 'WARNING', message, event: 'heartbeat', proxy }, traceOf(request));
    return [429, 'too many proxies are new'];
  }
  try {
    await stampAll(stampBackground, openBranches(request));
    await stampHeartbeat(proxy);
    return 'done';
  } catch (error) {
    const entry = { event: 'heartbeat', proxy, problem: messageOf(error) };
    log({ severity: 'ERROR', message: `heartbeat of ${proxy} was lost`, ...entry }, traceOf(request));
    return [503, 'the heartbeat could not be recorded'];
  }
}

/** Names that are none of branches are nobody's. */
function openBranches(request: Request): readonly string[] {
  const named = (request.header('X-Dormouse-Open') ?? '').split(',').map((name) => name.trim());
  return [...new Set(named.filter(isBranchName))].slice(0, MAX_OPEN);
}

/** A branch without a record has nothing that could let it sleep. */
async function stampAll(stamp: VisitStore['stampBackground'], branches: readonly string[]): Promise<void> {
  for (let first = 0; first < branches.length; first += STAMPS_AT_ONCE) {
    await Promise.all(branches.slice(first, first + STAMPS_AT_ONCE).map((branch) => stamp(branch)));
  }
}
