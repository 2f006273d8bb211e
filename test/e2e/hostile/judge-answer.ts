import type { HostileRequest } from './arbitrary-request.ts';
import type { RawAnswer } from './raw-exchange.ts';

/** `excused`: a 5xx that the contract, or HTTP itself, names for such a request. */
export type Judgement = 'fine' | 'excused' | 'server-error';

const NOBODY_WAKES = 'neither does what would wake it';

/** Judges the status of an answer to a request that may have been anything. */
export function judgeAnswer(request: HostileRequest, answer: RawAnswer): Judgement {
  const { status = 0 } = answer;
  if (status < 500) return 'fine';
  return isExcused(request, answer) ? 'excused' : 'server-error';
}

function isExcused({ target, text }: HostileRequest, { status, head, body }: RawAnswer): boolean {
  if (status === 503)
    return isWaitingAnswer(head) && (!body.includes(NOBODY_WAKES) || text.includes('/progress'));
  if (target !== 'proxy') return false;
  // RFC 9112, 6.1: a transfer coding that the server does not understand.
  if (status === 501) return /transfer.encoding/i.test(text);
  // RFC 9110, 15.6.6: a version that it does not speak.
  return status === 505 && !/ HTTP\/1\.\d\r?\n/.test(text);
}

/**
 * The page and its problem, or nginx's own notice: of `/page`, for whoever asks; through nginx, for a host that nobody
 * knows while too many such are asked for, and for robots and prefetches. They all keep search engines away.
 */
function isWaitingAnswer(head: string): boolean {
  return /^x-robots-tag: noindex\r?$/im.test(head);
}
