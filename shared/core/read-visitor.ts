import type { Visitor } from './decide-hold.ts';
import { isNavigation } from './is-navigation.ts';

/** The headers by which nginx describes a request that it holds. */
export type VisitorHeaders = {
  readonly method: string | undefined;
  readonly accept: string | undefined;
  readonly fetchDest: string | undefined;
  readonly script: string | undefined;
  /** Set by nginx: the request is background activity. */
  readonly background: string | undefined;
  /** `$upstream_status` of all that nginx tried: `502, 200 : 502`. Every `200` is an answer of ours. */
  readonly tried: string | undefined;
  /** A number: how often nginx began anew. */
  readonly round: string | undefined;
  /** Seconds, one for each round, to be added up: `12.013,0.250`. */
  readonly waited: string | undefined;
};

const MAX_WAITED_MS = 3_600_000;

/** Reads what nginx says of a held request. What cannot be read counts as nothing: it only makes the wait longer. */
export function readVisitor(headers: VisitorHeaders): Visitor {
  const { method = 'GET', accept = '', fetchDest = '', script = '' } = headers;
  return {
    isNavigation: isNavigation({ method, accept, fetchDest, isScript: script !== '' }),
    isBackground: (headers.background ?? '') !== '',
    tries: (headers.tried ?? '').split(/[,:]/).filter((status) => status.trim() === '200').length,
    rounds: Math.max(0, Number.parseInt(headers.round ?? '', 10) || 0),
    waitedMs: Math.min(sumOfSeconds(headers.waited ?? '') * 1_000, MAX_WAITED_MS),
  };
}

function sumOfSeconds(list: string): number {
  const seconds = list.split(',').map((part) => Number(part.trim()));
  return seconds.filter((value) => value > 0).reduce((sum, value) => sum + value, 0);
}
