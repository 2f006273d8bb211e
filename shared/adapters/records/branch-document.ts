import { inspect } from 'node:util';
import type { BranchRecord, RecordChange, ReplicaCounts, Revisions } from '../../core/branch-record.ts';
import { parseWorkloadRef } from '../../core/workload.ts';
import {
  DOCUMENT_VERSION,
  type DocumentWrite,
  isStoredDocument,
  isTime,
  type StoredDocument,
} from './stored-document.ts';

/** A record, or a sentence that names the field that is wrong and what was expected there. */
export type ParsedBranch = { readonly record: BranchRecord } | { readonly problem: string };

/** Creates a record: nothing is known of the branch but that it was visited now. */
export const NEW_BRANCH: DocumentWrite = {
  set: { v: DOCUMENT_VERSION, wakeMs: [] },
  clear: [],
  stamp: ['lastAccess'],
};

/** A visit ends a contest, and takes back that the branch is gone. */
export const VISIT: DocumentWrite = { set: {}, clear: ['contested', 'expireAt'], stamp: ['lastAccess'] };

/** Background activity changes nothing but its own time: it is no visit. */
export const BACKGROUND: DocumentWrite = { set: {}, clear: [], stamp: ['lastBackground'] };

type Field = {
  /** Its name in the record. */
  readonly key: keyof BranchRecord;
  readonly isRequired?: true;
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
};

const TIME = { expected: 'a timestamp', accepts: isTime };
const COUNTS = 'a map of deployment/NAME or statefulset/NAME to whole numbers above 0';
const REVISIONS = 'a map of deployment/NAME or statefulset/NAME to texts';

/** Every field of version 1 but `v`, by its name in the document. */
const FIELDS: Readonly<Record<string, Field>> = {
  lastAccess: { key: 'lastAccessMs', isRequired: true, ...TIME },
  lastBackground: { key: 'lastBackgroundMs', ...TIME },
  asleepSince: { key: 'asleepSinceMs', ...TIME },
  replicas: { key: 'replicas', expected: COUNTS, accepts: isReplicaCounts },
  revisions: { key: 'revisions', expected: REVISIONS, accepts: isRevisions },
  offSince: { key: 'offSinceMs', ...TIME },
  contested: { key: 'contested', expected: 'a whole number, 0 or more', accepts: isCount },
  pinnedUntil: { key: 'pinnedUntilMs', ...TIME },
  wakeMs: { key: 'wakeMs', isRequired: true, expected: 'a list of durations in ms', accepts: isDurations },
  deletionAnnouncedAt: { key: 'deletionAnnouncedAtMs', ...TIME },
  expireAt: { key: 'expireAtMs', ...TIME },
};

/** Fields of the document whose change bears another name, since it has a unit. */
const CHANGED_FIELDS: Readonly<Record<string, string>> = {
  pinnedUntilMs: 'pinnedUntil',
  expireAtMs: 'expireAt',
};

/**
 * Reads a branch document of version 1. Fields it does not know are tolerated: a newer Dormouse may have added
 * them. Another `v` is a problem: its fields may mean something else. Never throws.
 */
export function parseBranchDocument(document: unknown): ParsedBranch {
  if (!isStoredDocument(document)) return { problem: `document is ${show(document)}: expected fields` };
  const problem = versionProblem(document.v) ?? fieldProblem(document);
  return problem === undefined ? { record: toRecord(document) } : { problem };
}

/** Writes a whole record as a document: what `parseBranchDocument` reads back. */
export function formatBranchDocument(record: BranchRecord): StoredDocument {
  const entries = Object.entries(FIELDS)
    .filter(([, field]) => record[field.key] !== undefined)
    .map(([name, field]) => [name, toStored(name, record[field.key])]);
  return { v: DOCUMENT_VERSION, ...Object.fromEntries(entries) };
}

/** Translates a change into fields to set, to remove and to stamp. */
export function planBranchWrite(change: RecordChange): DocumentWrite {
  const entries = Object.entries(change)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [CHANGED_FIELDS[key] ?? key, value] as const);
  const named = (wanted: unknown) => entries.filter(([, value]) => value === wanted).map(([name]) => name);
  const values = entries.filter(([, value]) => value !== 'now' && value !== 'clear');
  return {
    set: Object.fromEntries(values.map(([name, value]) => [name, toStored(name, value)])),
    clear: named('clear'),
    stamp: named('now'),
  };
}

function versionProblem(version: unknown): string | undefined {
  if (version === DOCUMENT_VERSION) return undefined;
  if (version === undefined) return `v is missing: expected ${DOCUMENT_VERSION}`;
  const isNewer = typeof version === 'number' && version > DOCUMENT_VERSION;
  const hint = isNewer ? ' (written by a newer Dormouse)' : '';
  return `v is ${show(version)}: expected ${DOCUMENT_VERSION}${hint}`;
}

function fieldProblem(document: StoredDocument): string | undefined {
  const wrong = Object.entries(FIELDS).find(([name, field]) => !isRight(field, document[name]));
  if (wrong === undefined) return undefined;
  const [name, field] = wrong;
  const found = document[name] === undefined ? 'missing' : show(document[name]);
  return `${name} is ${found}: expected ${field.expected}`;
}

function isRight(field: Field, value: unknown): boolean {
  return value === undefined ? field.isRequired !== true : field.accepts(value);
}

function toRecord(document: StoredDocument): BranchRecord {
  const entries = Object.entries(FIELDS)
    .filter(([name]) => document[name] !== undefined)
    .map(([name, field]) => [field.key, fromStored(document[name])]);
  return Object.fromEntries(entries) as BranchRecord;
}

function fromStored(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value;
}

function toStored(name: string, value: unknown): unknown {
  if (FIELDS[name]?.accepts === isTime) return new Date(Number(value));
  const isMap = name === 'replicas' || name === 'revisions';
  return isMap ? definedOnly(value as ReplicaCounts | Revisions) : value;
}

function definedOnly(map: ReplicaCounts | Revisions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));
}

function isReplicaCounts(value: unknown): boolean {
  return isMapByWorkload(value, (count) => isCount(count) && Number(count) > 0);
}

function isRevisions(value: unknown): boolean {
  return isMapByWorkload(value, (revision) => typeof revision === 'string');
}

function isMapByWorkload(map: unknown, accepts: (value: unknown) => boolean): boolean {
  if (!isStoredDocument(map)) return false;
  return Object.entries(map).every(([ref, value]) => parseWorkloadRef(ref) !== undefined && accepts(value));
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isDurations(value: unknown): boolean {
  return Array.isArray(value) && value.every((ms) => Number.isFinite(ms) && ms >= 0);
}

/** Short and on one line, whatever it is. */
function show(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, compact: true });
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
