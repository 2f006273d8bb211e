import type { HttpFunction, Request, Response } from '@google-cloud/functions-framework';
import { parseBranchHost } from '../shared/core/branch-host.ts';
import type { Visitor } from '../shared/core/decide-hold.ts';
import { messageOf } from '../shared/core/message-of.ts';
import type { LookUp } from '../shared/flows/look-up-branch.ts';
import type { Log, LogEntry } from '../shared/log.ts';
import type { Branding } from '../shared/page/branding.ts';
import { chooseLanguage } from '../shared/page/choose-language.ts';
import type { Subject } from '../shared/page/page.ts';
import { toProgress } from '../shared/page/progress.ts';
import { createBoundedLog } from './bounded-log.ts';
import { answerWithPage, answerWithProblem, type PageAnswer } from './page-answer.ts';
import { traceOf } from './trace-of.ts';
import { visitorOf } from './visitor-of.ts';

export type PageDependencies = {
  readonly lookUp: LookUp;
  readonly branding: Branding;
  /** A fresh random text of base64 characters. */
  readonly newNonce: () => string;
  readonly log: Log;
};

const MAX_HOST_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;

/**
 * Answers `GET /page`, for a request whose patience is over: a person gets a page, everybody else a problem, and nobody
 * a 200. Fails open: a branch that cannot be looked up is said to be waking.
 */
export function createPageRoute(dependencies: PageDependencies): HttpFunction {
  const { log } = dependencies;
  const logStranger = createBoundedLog(log);
  return async (request, response) => {
    const host = (request.header('X-Dormouse-Host') ?? '').slice(0, MAX_HOST_LENGTH);
    const read = parseBranchHost(request.header('X-Dormouse-Host'));
    const branch = 'branch' in read ? read.branch : (host.split('.')[0] ?? '').slice(0, MAX_LABEL_LENGTH);
    const visitor = visitorOf(request);
    const seen: Seen = 'branch' in read ? await look(dependencies, branch, visitor) : NO_BRANCH;
    const page = { subject: seen.subject, branch, host, ...settingsOf(dependencies, request) };
    const answer = visitor.isNavigation ? answerWithPage(page) : answerWithProblem(seen.subject, branch);
    const write = seen.isStranger ? logStranger : log;
    write(describe(branch, seen, answer), traceOf(request));
    send(response, answer, methodOf(request));
  };
}

/** What the page is about, and what kept us from knowing more. */
type Seen = {
  readonly subject: Subject;
  /** There is no such branch, or nobody has looked whether there is: too many ask for what nobody knows. */
  readonly isStranger: boolean;
  readonly problem?: string;
};

const NO_BRANCH: Seen = { subject: { kind: 'no-such-branch' }, isStranger: true };

async function look({ lookUp }: PageDependencies, branch: string, visitor: Visitor): Promise<Seen> {
  const { waitedMs, isBackground } = visitor;
  try {
    const sighting = await lookUp(branch, { isBackground });
    if (sighting.kind === 'no-such-branch') return NO_BRANCH;
    if (sighting.kind !== 'waking') return { subject: sighting, isStranger: false };
    const { sight, wakeMs } = sighting;
    const subject = { kind: 'waking', progress: toProgress(sight), wakeMs, waitedMs } as const;
    return { subject, isStranger: sight.view === undefined };
  } catch (error) {
    const progress = { state: 'waiting', step: 'unknown' } as const;
    const subject = { kind: 'waking', progress, wakeMs: [], waitedMs } as const;
    return { subject, isStranger: false, problem: messageOf(error) };
  }
}

function settingsOf({ branding, newNonce }: PageDependencies, request: Request) {
  const language = chooseLanguage(request.header('X-Dormouse-Language'));
  return { language, branding, nonce: newNonce() };
}

function describe(branch: string, { subject, problem }: Seen, { status, headers }: PageAnswer): LogEntry {
  const state = subject.kind === 'waking' ? subject.progress.state : subject.kind;
  return {
    severity: problem === undefined ? 'INFO' : 'ERROR',
    message: `page of ${branch}: ${state}`,
    event: 'page',
    branch,
    state,
    status,
    contentType: headers['Content-Type'],
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Of the visitor's request: nginx asks by GET whatever it was. */
function methodOf(request: Request): string {
  return request.header('X-Dormouse-Method') ?? 'GET';
}

function send(response: Response, { status, headers, body }: PageAnswer, method: string): void {
  response.status(status).set(headers);
  if (method !== 'HEAD') return void response.end(body);
  response.flushHeaders(); // or Node would say that the page is 0 bytes long
  response.end();
}
