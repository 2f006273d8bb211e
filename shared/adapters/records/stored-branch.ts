import type { Heartbeat, StoredRecord } from '../../core/branch-record.ts';
import type { MalformedRecord, ReadRecord } from '../../ports.ts';
import { parseBranchDocument } from './branch-document.ts';
import { nameOfDocument, type StoreScope } from './document-id.ts';
import { parseHeartbeat } from './heartbeat-document.ts';

/** A document as a store read it. */
export type StoredRow = { readonly id: string; readonly version: string; readonly document: unknown };

/** Records sorted into those that can be read and those that cannot. */
export type SortedRecords = {
  readonly records: Map<string, StoredRecord>;
  readonly malformed: MalformedRecord[];
};

const MISNAMED = 'its document id is not one that Dormouse gives';

/** Reads one document. */
export function toReadRecord(
  branch: string,
  row: Omit<StoredRow, 'id'>,
): Exclude<ReadRecord, { outcome: 'missing' }> {
  const parsed = parseBranchDocument(row.document);
  if ('problem' in parsed) return { outcome: 'malformed', branch, problem: parsed.problem };
  return { outcome: 'found', record: parsed.record, version: row.version };
}

/** Adds one page of rows. An id that Dormouse does not write is malformed: it must not stand for another branch. */
export function sortRows(scope: StoreScope, rows: Iterable<StoredRow>, into: SortedRecords): void {
  for (const row of rows) {
    const branch = nameOfDocument(scope, row.id);
    if (branch === undefined) into.malformed.push({ branch: row.id, problem: MISNAMED });
    else sortRow(branch, row, into);
  }
}

function sortRow(branch: string, row: StoredRow, into: SortedRecords): void {
  const read = toReadRecord(branch, row);
  if (read.outcome === 'found') into.records.set(branch, { record: read.record, version: read.version });
  else into.malformed.push({ branch, problem: read.problem });
}

/** Those of the last day that can be read. */
export function toHeartbeats(
  scope: StoreScope,
  rows: readonly StoredRow[],
  nowMs: number,
): readonly Heartbeat[] {
  return rows
    .map((row) => parseHeartbeat(nameOfDocument(scope, row.id) ?? row.id, row.document, nowMs))
    .filter((beat) => beat !== undefined);
}
