import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { StoreScope } from '../../shared/adapters/records/document-id.ts';
import type { StoredDocument } from '../../shared/adapters/records/stored-document.ts';
import type { BranchStore, StoredRecord, VisitStore } from '../../shared/ports.ts';

/** Longer than any test: a beat that comes within it resumes nothing. */
export const SILENCE_MS = 3 * 60 * 1_000;

export type Collection = 'branches' | 'heartbeats' | 'sweeps';

/** A store's system, and what a test does to it behind the store's back. */
export type StoreWorld<Store extends VisitStore = BranchStore> = {
  /** A new instance: it shares nothing with the others but the system. */
  readonly open: (scope: StoreScope) => Store;
  /** One whose system does not do what it is asked. */
  readonly openDown: (scope: StoreScope) => Promise<Store>;
  /** Writes whole documents by their ids, whatever they say. */
  readonly put: (
    collection: Collection,
    documents: Readonly<Record<string, StoredDocument>>,
  ) => Promise<void>;
  readonly get: (collection: Collection, id: string) => Promise<StoredDocument | undefined>;
  readonly remove: (collection: Collection, id: string) => Promise<void>;
};

/** A cluster and namespace that no other test uses. */
export function freshScope(): StoreScope {
  return { cluster: 'staging', namespace: `n-${randomUUID()}` };
}

export function idIn({ cluster, namespace }: StoreScope, name: string): string {
  return `${cluster}.${namespace}.${name}`;
}

/** Reads a record that must be there. */
export async function readFound(store: VisitStore, branch: string): Promise<StoredRecord> {
  const read = await store.readRecord(branch);
  expect(read).toMatchObject({ outcome: 'found' });
  return read as StoredRecord & typeof read;
}

/** A record that was just created, and its version. */
export async function createFound(store: VisitStore, branch: string): Promise<StoredRecord> {
  expect(await store.createRecord(branch)).toBe('created');
  return readFound(store, branch);
}

export const LONG_AGO = new Date('2024-02-29T12:00:00.123Z');

/** As an earlier Dormouse wrote it, which knew of no policies. */
export const EARLIER_DOCUMENT = {
  v: 1,
  lastAccess: LONG_AGO,
  asleepSince: LONG_AGO,
  replicas: { 'deployment/web.v2--g': 2 },
  contested: 1,
  wakeMs: [1_200],
};

/** Every field that a document may have. */
export const FULL_DOCUMENT = {
  v: 1,
  lastAccess: LONG_AGO,
  lastBackground: LONG_AGO,
  asleepSince: LONG_AGO,
  replicas: { 'deployment/web.v2--g': 2, 'statefulset/db': 1 },
  revisions: { 'deployment/web.v2--g': '3', 'statefulset/db': 'db-5f8d' },
  offSince: LONG_AGO,
  contested: 2,
  pinnedUntil: LONG_AGO,
  wakeMs: [1_200, 900.5],
  deletionAnnouncedAt: LONG_AGO,
  expireAt: LONG_AGO,
  later: { added: ['by', 'a', 'newer', 1] },
};

export const FULL_RECORD = {
  lastAccessMs: LONG_AGO.getTime(),
  lastBackgroundMs: LONG_AGO.getTime(),
  asleepSinceMs: LONG_AGO.getTime(),
  replicas: { 'deployment/web.v2--g': 2, 'statefulset/db': 1 },
  revisions: { 'deployment/web.v2--g': '3', 'statefulset/db': 'db-5f8d' },
  offSinceMs: LONG_AGO.getTime(),
  contested: 2,
  pinnedUntilMs: LONG_AGO.getTime(),
  wakeMs: [1_200, 900.5],
  deletionAnnouncedAtMs: LONG_AGO.getTime(),
  expireAtMs: LONG_AGO.getTime(),
};
