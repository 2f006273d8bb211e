import { setTimeout as delay } from 'node:timers/promises';
import {
  FieldPath,
  Firestore,
  type QueryDocumentSnapshot,
  type QuerySnapshot,
  type Settings,
  Timestamp,
} from '@google-cloud/firestore';
import { OAuth2Client } from 'google-auth-library';
import { reasonOf } from '../../core/message-of.ts';
import { type BranchStore, StoreError, type StoreSnapshot } from '../../ports.ts';
import { type StoreScope, scopeRange } from '../records/document-id.ts';
import { type SortedRecords, type StoredRow, sortRows, toHeartbeats } from '../records/stored-branch.ts';
import { withinTime } from '../rest/within-time.ts';
import { versionOfTimestamp } from './firestore-version.ts';
import { createFirestoreVisits, type FirestoreVisitsOptions } from './firestore-visits.ts';

export type FirestoreStoreOptions = FirestoreVisitsOptions & {
  /** Credentials and address for the SDK; project and database are set here. */
  readonly settings?: Settings;
};

/** For all pages of one read. */
const READ_TIMEOUT_MS = 10_000;

/** For one page, so that a second attempt fits in. */
const PAGE_TIMEOUT_MS = 4_000;

/** Documents in memory in the SDK's form, which is some ten times that of a record. */
const PAGE_SIZE = 1_000;

const CLOSE_TIMEOUT_MS = 1_000;

/** Source: google-gax, `ClientConfig`: the deadline of one call, which by default is five minutes. */
const CLIENT_CONFIG = {
  interfaces: {
    'google.firestore.v1.Firestore': { methods: { RunQuery: { timeout_millis: PAGE_TIMEOUT_MS } } },
  },
};

/** What reads many documents, and the reads that are still under way in the SDK. */
type Reader = {
  readonly firestore: Firestore;
  readonly scope: StoreScope;
  readonly pending: Set<Promise<unknown>>;
};

/** For the emulator at `host`, which otherwise had to be named in the environment. */
export function emulatorSettings(host: string): Settings {
  // A client without credentials keeps the SDK from looking for some in the metadata server.
  return { host, ssl: false, authClient: new OAuth2Client() };
}

/**
 * The store of production. Reads of many documents go through the SDK. Single documents go the touch path's way:
 * the SDK would repeat a write for ten minutes after its caller gave up. `close` leaves the transport open.
 */
export function createFirestoreStore(
  options: FirestoreStoreOptions,
): BranchStore & { close(): Promise<void> } {
  const { projectId, databaseId, settings } = options;
  const firestore = new Firestore({ ...settings, projectId, databaseId, clientConfig: CLIENT_CONFIG });
  const reader: Reader = { firestore, scope: options, pending: new Set() };
  return {
    ...createFirestoreVisits(options),
    readAll: () => readAll(reader),
    readHeartbeats: () => readHeartbeats(reader),
    close: () => close(reader),
  };
}

async function readAll(reader: Reader): Promise<StoreSnapshot> {
  const sorted: SortedRecords = { records: new Map(), malformed: [] };
  const nowMs = await read(reader, 'branches', (rows) => sortRows(reader.scope, rows, sorted));
  return { ...sorted, nowMs };
}

async function readHeartbeats(reader: Reader) {
  const rows: StoredRow[] = [];
  const nowMs = await read(reader, 'heartbeats', (page) => rows.push(...page));
  return { heartbeats: toHeartbeats(reader.scope, rows, nowMs), nowMs };
}

type TakePage = (rows: readonly StoredRow[]) => void;

/** Hands over every document of the scope, page by page, and returns the store's time. */
async function read(reader: Reader, collection: string, take: TakePage): Promise<number> {
  const work = readPages(reader, collection, take);
  const settled: Promise<unknown> = work.then(
    () => reader.pending.delete(settled),
    () => reader.pending.delete(settled),
  );
  reader.pending.add(settled);
  try {
    return await withinTime(work, READ_TIMEOUT_MS, `no answer within ${READ_TIMEOUT_MS} ms`);
  } catch (error) {
    throw new StoreError(`Firestore could not read ${collection}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * The time is the first page's: what a later page shows may be newer, never older, and a branch that seems idle for
 * a little less than it is stays awake.
 */
async function readPages({ firestore, scope }: Reader, collection: string, take: TakePage): Promise<number> {
  const endsAtMs = performance.now() + READ_TIMEOUT_MS;
  const { first, end } = scopeRange(scope);
  // By document id, which needs no index of its own.
  const byId = firestore.collection(collection).orderBy(FieldPath.documentId());
  const pages = byId.endBefore(end).limit(PAGE_SIZE);
  let page = await pages.startAt(first).get();
  const nowMs = page.readTime.toMillis();
  take(page.docs.map(toRow));
  for (let last = lastOfFull(page); last !== undefined; last = lastOfFull(page)) {
    if (performance.now() > endsAtMs) throw new Error('the caller has given up');
    page = await pages.startAfter(last).get();
    take(page.docs.map(toRow));
  }
  return nowMs;
}

function lastOfFull(page: QuerySnapshot): QueryDocumentSnapshot | undefined {
  return page.size < PAGE_SIZE ? undefined : page.docs.at(-1);
}

function toRow(document: QueryDocumentSnapshot): StoredRow {
  const version = versionOfTimestamp(document.updateTime);
  return { id: document.id, version, document: toStored(document.data()) };
}

/** The SDK's `toDate` rounds up, to a time that has not come yet; `toMillis` does not. */
function toStored(value: unknown): unknown {
  if (value instanceof Timestamp) return new Date(value.toMillis());
  if (Array.isArray(value)) return value.map(toStored);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toStored(inner)]));
}

/** References, bytes and the like are objects too, of classes of the SDK. */
function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * Ends the SDK's client once no read is under way in it, which may be after this returned: a read that was given up
 * is repeated for minutes, and to end the client meanwhile is an unhandled rejection in the SDK (9.4.1).
 */
async function close({ firestore, pending }: Reader): Promise<void> {
  const terminated = Promise.all(pending).then(() => firestore.terminate());
  await Promise.race([terminated, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}
