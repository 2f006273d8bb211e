import type { SweepMemory, SweepPlace } from '../../ports.ts';
import { DOCUMENT_VERSION, type DocumentWrite, isStoredDocument, isTime } from './stored-document.ts';

/** Names this one field and no other: what else the document says of sweeps stays. */
export function planSweepPlaceWrite({ resumeAfter }: SweepPlace): DocumentWrite {
  const set = { v: DOCUMENT_VERSION };
  return resumeAfter === undefined
    ? { set, clear: ['resumeAfter'], stamp: [] }
    : { set: { ...set, resumeAfter }, clear: [], stamp: [] };
}

/** Says when a sweep was blind last. */
export const BLIND_SWEEP: DocumentWrite = { set: { v: DOCUMENT_VERSION }, clear: [], stamp: ['lastBlind'] };

/** Reads the document of a cluster's and namespace's sweeps. One that is missing or makes no sense says: from the start. */
export function parseSweepPlace(document: unknown): SweepMemory {
  if (!isStoredDocument(document) || document.v !== DOCUMENT_VERSION) return {};
  const { resumeAfter, lastBlind } = document;
  return {
    ...(typeof resumeAfter === 'string' ? { resumeAfter } : {}),
    ...(isTime(lastBlind) ? { lastBlindMs: lastBlind.getTime() } : {}),
  };
}
