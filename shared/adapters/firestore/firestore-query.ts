import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../../core/message-of.ts';
import { StoreError } from '../../ports.ts';
import type { StoredRow } from '../records/stored-branch.ts';
import type { RestRequest } from '../rest/rest-transport.ts';
import { splitJsonList } from '../rest/split-json-list.ts';
import {
  askFirestore,
  encodePath,
  type FirestoreError,
  parseAnswer,
  unexpected,
} from './firestore-answer.ts';
import type { FirestoreDatabase } from './firestore-documents.ts';
import { decodeFields, type FirestoreFields } from './firestore-value.ts';
import { versionOfTime } from './firestore-version.ts';

/** All documents of a collection whose ids are `first` or greater and less than `end`. */
export type FirestoreQuery = {
  readonly collection: 'branches' | 'heartbeats';
  readonly range: { readonly first: string; readonly end: string };
};

export type QueriedRows = { readonly rows: readonly StoredRow[]; readonly nowMs: number };

type Result = {
  readonly document?: {
    readonly name: string;
    readonly fields?: FirestoreFields;
    readonly updateTime: string;
  };
  readonly readTime?: string;
  readonly error?: FirestoreError;
};

type Reading = {
  readonly database: FirestoreDatabase;
  readonly query: FirestoreQuery;
  readonly take: (rows: readonly StoredRow[]) => void;
  readonly signal: AbortSignal;
  /** The last document that was handed over, and when. */
  after?: string | undefined;
  heardAtMs: number;
  nowMs?: number;
};

/** For an answer to begin, and for the pauses in it. */
const MAX_SILENCE_MS = 10_000;
/** Documents of one query: in bounds for Firestore, which ends queries that last, and more than most ever have. */
const PAGE_SIZE = 20_000;
/** What broke off is asked again if the last document, or the beginning, is no longer ago. */
const RETRY_WITHIN_MS = 5_000;
const RETRY_PAUSE_MS = 500;
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** Firestore's documents have 1 MiB at most; in JSON they are some times as long. */
const MAX_DOCUMENT_BYTES = 16 * 1_024 * 1_024;

/** Reads a few documents at once. The time is the store's. @throws StoreError */
export async function queryFew(database: FirestoreDatabase, query: FirestoreQuery): Promise<QueriedRows> {
  const answer = await askFirestore(database.transport, requestOf(database, query));
  if (answer.status !== 200) throw unexpected(answer);
  const results = parseAnswer<unknown>(answer);
  if (!Array.isArray(results)) throw unexpected(answer);
  return { rows: results.flatMap(toRow), nowMs: readTimeMs(results) };
}

/**
 * Hands over every document of a query as they come, in the order of their ids, and returns the store's time at the
 * beginning. A later query of the same read, or one that goes on where an answer broke off, may show what is newer,
 * never older: a branch that seems idle for a little less than it is stays awake.
 *
 * Source: firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents/runQuery
 * @throws StoreError when Firestore refuses, says nothing for 10 s, or takes longer than `limitMs` in all
 */
export async function queryAll(
  database: FirestoreDatabase,
  query: FirestoreQuery & { readonly limitMs: number },
  take: Reading['take'],
): Promise<number> {
  const signal = AbortSignal.timeout(query.limitMs);
  const reading: Reading = { database, query, take, signal, heardAtMs: performance.now() };
  let isFull = true;
  while (isFull) {
    try {
      isFull = (await readPage(reading)) === PAGE_SIZE;
    } catch (error) {
      if (isFinal(reading, error)) throw failure(query.collection, error);
      await delay(RETRY_PAUSE_MS);
    }
  }
  return reading.nowMs ?? readTimeMs([]);
}

function isFinal({ signal, heardAtMs }: Reading, error: unknown): boolean {
  const isSilent = performance.now() - heardAtMs > RETRY_WITHIN_MS;
  return error instanceof StoreError || signal.aborted || isSilent;
}

/**
 * How many documents came.
 * @throws StoreError when Firestore refuses, any other Error when no answer comes or it breaks off
 */
async function readPage(reading: Reading): Promise<number> {
  const { database, query, signal } = reading;
  const answer = await database.transport.stream({
    ...requestOf(database, query, reading.after),
    timeoutMs: MAX_SILENCE_MS,
    maxSilenceMs: MAX_SILENCE_MS,
    signal,
  });
  if (TRANSIENT_STATUSES.has(answer.status)) throw new Error(unexpected(answer).message);
  if (answer.status !== 200) throw unexpected(answer);
  let documents = 0;
  for await (const objects of splitJsonList(answer.pieces, MAX_DOCUMENT_BYTES)) {
    documents += takeResults(reading, objects as readonly Result[]);
  }
  return documents;
}

function takeResults(reading: Reading, results: readonly Result[]): number {
  const rows = results.flatMap(toRow);
  reading.nowMs ??= readTimeMs(results);
  reading.take(rows);
  reading.after = rows.at(-1)?.id ?? reading.after;
  reading.heardAtMs = performance.now();
  return rows.length;
}

function requestOf(database: FirestoreDatabase, query: FirestoreQuery, after?: string): RestRequest {
  const root = `projects/${database.projectId}/databases/${database.databaseId}/documents`;
  return {
    method: 'POST',
    path: `/v1/${encodePath(root)}:runQuery`,
    body: JSON.stringify({ structuredQuery: structuredQuery(root, query, after) }),
  };
}

/** By document id, which needs no index of its own. */
function structuredQuery(root: string, { collection, range }: FirestoreQuery, after: string | undefined) {
  const at = (id: string) => [{ referenceValue: `${root}/${collection}/${id}` }];
  return {
    from: [{ collectionId: collection }],
    orderBy: [{ field: { fieldPath: '__name__' }, direction: 'ASCENDING' }],
    startAt: { values: at(after ?? range.first), before: after === undefined },
    endAt: { values: at(range.end), before: true },
    limit: PAGE_SIZE,
  };
}

/** A query that fails halfway says so in its last result. */
function toRow({ document, error }: Result): StoredRow | [] {
  if (error !== undefined) throw new Error(error.message ?? 'without a message');
  if (document === undefined) return [];
  const { name, fields, updateTime } = document;
  const id = name.slice(name.lastIndexOf('/') + 1);
  return { id, version: versionOfTime(updateTime), document: decodeFields(fields) };
}

/** A query without results tells its time all the same. */
function readTimeMs(results: readonly Result[]): number {
  const nowMs = Date.parse(results.find(({ readTime }) => readTime !== undefined)?.readTime ?? '');
  if (Number.isNaN(nowMs)) throw new StoreError("Firestore's answer to a query does not tell its time");
  return nowMs;
}

function failure(collection: FirestoreQuery['collection'], error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(`Firestore could not read ${collection}: ${reasonOf(error)}`, { cause: error });
}
