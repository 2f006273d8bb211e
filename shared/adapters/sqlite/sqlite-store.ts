import type { RecordChange } from '../../core/branch-record.ts';
import { reasonOf } from '../../core/message-of.ts';
import {
  type BranchStore,
  type ReadRecord,
  StoreError,
  type StoreSnapshot,
  type SweepMemory,
  type UpdateOutcome,
} from '../../ports.ts';
import { BACKGROUND, NEW_BRANCH, planBranchWrite, VISIT } from '../records/branch-document.ts';
import { documentId, type StoreScope, scopeRange, sweepDocumentId } from '../records/document-id.ts';
import { planHeartbeatWrite } from '../records/heartbeat-document.ts';
import { type SortedRecords, sortRows, toHeartbeats, toReadRecord } from '../records/stored-branch.ts';
import { type DocumentWrite, isStoredDocument, type StoredDocument } from '../records/stored-document.ts';
import { BLIND_SWEEP, parseSweepPlace, planSweepPlaceWrite } from '../records/sweep-document.ts';
import { type DocumentName, openSqliteDocuments, type SqliteDocuments } from './sqlite-documents.ts';

export type SqliteStoreOptions = StoreScope & {
  /** Made if it is not there; its folder must be. Several processes of one machine may share it. */
  readonly file: string;
  /** The store's clock. */
  readonly now?: () => number;
};

type Context = {
  readonly documents: SqliteDocuments;
  readonly scope: StoreScope;
  readonly now: () => number;
};

/**
 * The embedded store for local runs and tests: one file of JSON documents, times by this machine's clock. A call
 * blocks the process while it lasts, at most 2 s when another process holds the file.
 * @throws StoreError when the file cannot be opened
 */
export function createSqliteStore(options: SqliteStoreOptions): BranchStore & { close(): Promise<void> } {
  const { file, cluster, namespace, now = Date.now } = options;
  const documents = attempt(`open ${file}`, () => openSqliteDocuments(file));
  const context: Context = { documents, scope: { cluster, namespace }, now };
  return {
    stampVisit: async (branch) => attempt(`stamp ${branch}`, () => stamp(context, branch, VISIT)),
    stampBackground: async (branch) => attempt(`stamp ${branch}`, () => stamp(context, branch, BACKGROUND)),
    createRecord: async (branch) => attempt(`create ${branch}`, () => createRecord(context, branch)),
    readRecord: async (branch) => attempt(`read ${branch}`, () => readRecord(context, branch)),
    stampHeartbeat: async (proxy, silenceMs) =>
      attempt(`beat for ${proxy}`, () => stampHeartbeat(context, proxy, silenceMs)),
    readAll: async () => attempt('read all records', () => readAll(context)),
    readHeartbeats: async () => attempt('read heartbeats', () => readHeartbeats(context)),
    update: async (branch, version, change) =>
      attempt(`update ${branch}`, () => update(context, { branch, version, change })),
    readSweepPlace: async () => attempt('read the place of a sweep', () => readSweepPlace(context)),
    writeSweepPlace: async (place) =>
      attempt('keep the place of a sweep', () => writeSweep(context, planSweepPlaceWrite(place))),
    stampBlindSweep: async () =>
      attempt('say that a sweep was blind', () => writeSweep(context, BLIND_SWEEP)),
    close: async () => documents.close(),
  };
}

function stamp(context: Context, branch: string, write: DocumentWrite): 'stamped' | 'missing' {
  const version = context.documents.edit(branchName(context, branch), (row) =>
    row === undefined ? undefined : applyWrite(row.document, write, context.now()),
  );
  return version === undefined ? 'missing' : 'stamped';
}

function createRecord(context: Context, branch: string): 'created' | 'exists' {
  const document = applyWrite({}, NEW_BRANCH, context.now());
  const version = context.documents.insert(branchName(context, branch), document);
  return version === undefined ? 'exists' : 'created';
}

function readRecord(context: Context, branch: string): ReadRecord {
  const row = context.documents.read(branchName(context, branch));
  return row === undefined ? { outcome: 'missing' } : toReadRecord(branch, row);
}

function stampHeartbeat(context: Context, proxy: string, silenceMs: number): void {
  const nowMs = context.now();
  const name = { collection: 'heartbeats', id: documentId(context.scope, proxy) } as const;
  context.documents.edit(name, (row) => {
    const before = isStoredDocument(row?.document) ? row.document : {};
    return applyWrite(before, planHeartbeatWrite(before, silenceMs, nowMs), nowMs);
  });
  // What a time-to-live does elsewhere: a beat comes once a minute, and is a write anyway.
  context.documents.removeExpired(nowMs);
}

function readAll({ documents, scope, now }: Context): StoreSnapshot {
  const nowMs = now();
  const sorted: SortedRecords = { records: new Map(), malformed: [] };
  sortRows(scope, documents.readRange('branches', scopeRange(scope)), sorted);
  return { ...sorted, nowMs };
}

function readHeartbeats({ documents, scope, now }: Context) {
  const nowMs = now();
  const rows = documents.readRange('heartbeats', scopeRange(scope));
  return { heartbeats: toHeartbeats(scope, rows, nowMs), nowMs };
}

type ConditionalWrite = { readonly branch: string; readonly version: string; readonly change: RecordChange };

function update(context: Context, { branch, version, change }: ConditionalWrite): UpdateOutcome {
  const written = context.documents.edit(branchName(context, branch), (row) =>
    row?.version === version ? applyWrite(row.document, planBranchWrite(change), context.now()) : undefined,
  );
  return written === undefined ? { outcome: 'conflict' } : { outcome: 'written', version: written };
}

function readSweepPlace({ documents, scope }: Context): SweepMemory {
  return parseSweepPlace(documents.read(sweepName(scope))?.document);
}

/** A document that is none is written anew. */
function writeSweep({ documents, scope, now }: Context, write: DocumentWrite): void {
  documents.edit(sweepName(scope), (row) => {
    const document = isStoredDocument(row?.document) ? row.document : {};
    return applyWrite(document, write, now());
  });
}

function sweepName(scope: StoreScope): DocumentName {
  return { collection: 'sweeps', id: sweepDocumentId(scope) };
}

function branchName(context: Context, branch: string): DocumentName {
  return { collection: 'branches', id: documentId(context.scope, branch) };
}

function applyWrite(document: unknown, write: DocumentWrite, nowMs: number): StoredDocument {
  if (!isStoredDocument(document)) throw new TypeError('the document is not a JSON object');
  const kept = Object.entries(document).filter(([field]) => !write.clear.includes(field));
  const stamps = write.stamp.map((field) => [field, new Date(nowMs)] as const);
  return { ...Object.fromEntries(kept), ...write.set, ...Object.fromEntries(stamps) };
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StoreError(`SQLite could not ${what}: ${reasonOf(error)}`, { cause: error });
  }
}
