import type { Page, Subject } from '../shared/page/page.ts';
import { renderPage } from '../shared/page/render-page.ts';
import { ENGLISH } from '../shared/page/texts-english.ts';

/** What is sent instead of the application's own answer. */
export type PageAnswer = {
  readonly status: 404 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const RETRY_SECONDS = 5;
/** A branch that does not wake by itself needs a person first. */
const RETRY_STUCK_SECONDS = 30;
/** A page in the background asks in vain until somebody comes. */
const RETRY_BACKGROUND_SECONDS = 3_600;

/** The page, for a person. */
export function answerWithPage(page: Page): PageAnswer {
  const status = statusOf(page.subject);
  const headers = {
    ...commonHeaders(page.subject),
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': page.language,
    'Content-Security-Policy': contentSecurityPolicy(page.nonce),
  };
  return { status, headers, body: renderPage(page) };
}

/**
 * The problem, for a program (RFC 9457). Scripts of other origins may read it, but only without credentials: it says
 * nothing of the visitor.
 */
export function answerWithProblem(subject: Subject, branch: string): PageAnswer {
  const status = statusOf(subject);
  const headers = {
    ...commonHeaders(subject),
    'Content-Type': 'application/problem+json',
    'Content-Language': 'en',
    'Access-Control-Allow-Origin': '*',
  };
  const title = status === 404 ? 'Not Found' : 'Service Unavailable';
  return { status, headers, body: JSON.stringify({ status, title, branch, ...describeSubject(subject) }) };
}

function statusOf({ kind }: Subject): 404 | 503 {
  return kind === 'no-such-branch' ? 404 : 503;
}

function commonHeaders(subject: Subject): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    'X-Robots-Tag': 'noindex',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    Vary: 'Accept-Language',
    ...(statusOf(subject) === 503 ? { 'Retry-After': String(retrySecondsOf(subject)) } : {}),
  };
}

function retrySecondsOf(subject: Subject): number {
  if (subject.kind === 'left-asleep') return RETRY_BACKGROUND_SECONDS;
  const isWaiting = subject.kind === 'waking' && subject.progress.state !== 'hopeless';
  return isWaiting ? RETRY_SECONDS : RETRY_STUCK_SECONDS;
}

function contentSecurityPolicy(nonce: string): string {
  const sources = `connect-src 'self'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'`;
  return `default-src 'none'; ${sources}; base-uri 'none'; form-action 'none'`;
}

type Description = {
  readonly detail: string;
  readonly waitingFor?: string;
  readonly reason?: string;
  readonly look?: string;
};

function describeSubject(subject: Subject): Description {
  if (subject.kind === 'no-such-branch') return { detail: ENGLISH.noSuchBranch.text };
  if (subject.kind === 'opted-out') return { detail: ENGLISH.optedOut.text };
  if (subject.kind === 'left-asleep') return { detail: ENGLISH.leftAsleep.text };
  const { progress } = subject;
  if (progress.state === 'reachable') return { detail: ENGLISH.silent.text, waitingFor: 'answer' };
  if (progress.state === 'waiting')
    return { detail: ENGLISH.steps[progress.step], waitingFor: progress.step };
  const { reason, detail, look } = progress;
  return { detail: `${ENGLISH.reasons[reason].title}: ${detail}`, reason, look };
}
