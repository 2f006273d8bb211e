import type { Heartbeat } from '../../core/branch-record.ts';
import { DOCUMENT_VERSION, type DocumentWrite, isStoredDocument, isTime } from './stored-document.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How long the store keeps the last beat of a proxy that is gone. */
const HEARTBEAT_KEPT_MS = 7 * DAY_MS;

/** A proxy that has been silent for longer than this is of no interest to anybody. */
const HEARTBEAT_REPORTED_MS = DAY_MS;

/**
 * A beat after the one that `before` tells of, if there was one. `nowMs` is the store's time, or near it. A proxy that
 * never beat resumes nothing: nobody could have relied on it.
 */
export function planHeartbeatWrite(before: unknown, silenceMs: number, nowMs: number): DocumentWrite {
  const expireAt = new Date(nowMs + HEARTBEAT_KEPT_MS);
  const isBack =
    isStoredDocument(before) && isTime(before.lastBeat) && nowMs - before.lastBeat.getTime() > silenceMs;
  return {
    set: { v: DOCUMENT_VERSION, expireAt },
    clear: [],
    stamp: isBack ? ['lastBeat', 'resumed'] : ['lastBeat'],
  };
}

/**
 * Reads a heartbeat document; undefined when it is older than a day, and when it cannot be read. A beat that
 * cannot be read did not come: the sweep then keeps everything awake, which is the safe side.
 */
export function parseHeartbeat(proxy: string, document: unknown, nowMs: number): Heartbeat | undefined {
  if (!isStoredDocument(document) || document.v !== DOCUMENT_VERSION || !isTime(document.lastBeat)) {
    return undefined;
  }
  const lastBeatMs = document.lastBeat.getTime();
  if (nowMs - lastBeatMs > HEARTBEAT_REPORTED_MS) return undefined;
  return {
    proxy,
    lastBeatMs,
    ...(isTime(document.resumed) ? { resumedMs: document.resumed.getTime() } : {}),
  };
}
