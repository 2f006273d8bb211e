import type { BranchStore, StoreSnapshot } from '../../ports.ts';
import { scopeRange } from '../records/document-id.ts';
import { type SortedRecords, sortRows, toHeartbeats } from '../records/stored-branch.ts';
import { queryAll, queryFew } from './firestore-query.ts';
import { createFirestoreSweepPlace } from './firestore-sweep-place.ts';
import { createFirestoreVisits, type FirestoreVisitsOptions } from './firestore-visits.ts';

export type FirestoreStoreOptions = FirestoreVisitsOptions & {
  /** For one read of all records. Default 60 s. */
  readonly readLimitMs?: number;
};

const DEFAULT_READ_LIMIT_MS = 60_000;

/**
 * The store of production, by Firestore's REST API alone: the SDK would take more memory for 10,000 records than all
 * else of a sweep, and repeat a write for ten minutes after its caller gave up.
 */
export function createFirestoreStore(options: FirestoreStoreOptions): BranchStore {
  return {
    ...createFirestoreVisits(options),
    ...createFirestoreSweepPlace(options),
    readAll: () => readAll(options),
    readHeartbeats: () => readHeartbeats(options),
  };
}

async function readAll(options: FirestoreStoreOptions): Promise<StoreSnapshot> {
  const { readLimitMs: limitMs = DEFAULT_READ_LIMIT_MS } = options;
  const sorted: SortedRecords = { records: new Map(), malformed: [] };
  const query = { collection: 'branches', range: scopeRange(options), limitMs } as const;
  const nowMs = await queryAll(options, query, (rows) => sortRows(options, rows, sorted));
  return { ...sorted, nowMs };
}

async function readHeartbeats(options: FirestoreStoreOptions) {
  const range = scopeRange(options);
  const { rows, nowMs } = await queryFew(options, { collection: 'heartbeats', range });
  return { heartbeats: toHeartbeats(options, rows, nowMs), nowMs };
}
