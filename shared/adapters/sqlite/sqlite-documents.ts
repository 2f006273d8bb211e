import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { StoredRow } from '../records/stored-branch.ts';
import type { StoredDocument } from '../records/stored-document.ts';

/** Names the document `id` of a collection. */
export type DocumentName = { readonly collection: 'branches' | 'heartbeats' | 'sweeps'; readonly id: string };

/** A document that is not JSON is handed over as the string it is. */
export type SqliteDocuments = {
  read(name: DocumentName): StoredRow | undefined;
  /** Those whose id is `first` or greater, and less than `end`. */
  readRange(
    collection: DocumentName['collection'],
    range: { first: string; end: string },
  ): readonly StoredRow[];
  /** Returns the version, or undefined if there is a document of that name. */
  insert(name: DocumentName, document: StoredDocument): string | undefined;
  /** Writes what `edit` makes of the document, in one transaction; undefined leaves it as it is. */
  edit(
    name: DocumentName,
    edit: (found: StoredRow | undefined) => StoredDocument | undefined,
  ): string | undefined;
  removeExpired(nowMs: number): void;
  close(): void;
};

/** How long a call waits for another process that writes. */
const BUSY_TIMEOUT_MS = 2_000;

const SQLITE_BUSY = 5;
const MAX_WAL_ATTEMPTS = 100;
const WAL_PAUSE_MS = 20;

/**
 * AUTOINCREMENT never hands out a number twice, and every write replaces the row: so a number names one state of
 * one document, and a document that was deleted and made again is not taken for the old one.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS documents (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    expire_at TEXT AS (CASE WHEN json_valid(document) THEN json_extract(document, '$.expireAt') END),
    UNIQUE (collection, id)
  ) STRICT;
`;

/** What `Date.prototype.toISOString` writes: JSON has no times. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const STATEMENTS = {
  select: 'SELECT id, version, document FROM documents WHERE collection = ? AND id = ?',
  selectRange: `SELECT id, version, document FROM documents
    WHERE collection = ? AND id >= ? AND id < ? ORDER BY id`,
  insert: `INSERT INTO documents (collection, id, document) VALUES (?, ?, ?)
    ON CONFLICT (collection, id) DO NOTHING RETURNING version`,
  replace: 'REPLACE INTO documents (collection, id, document) VALUES (?, ?, ?) RETURNING version',
  removeExpired: 'DELETE FROM documents WHERE expire_at <= ?',
};

type RawRow = { readonly id: string; readonly version: number; readonly document: string };

/**
 * Opens a file of JSON documents that several processes may share.
 * Source: sqlite.org/wal.html (readers and one writer do not block each other), sqlite.org/autoinc.html.
 * @throws Error when the file cannot be opened, or is no database
 */
export function openSqliteDocuments(file: string): SqliteDocuments {
  const database = openDatabase(file);
  const select = database.prepare(STATEMENTS.select);
  const selectRange = database.prepare(STATEMENTS.selectRange);
  const insert = database.prepare(STATEMENTS.insert);
  const replace = database.prepare(STATEMENTS.replace);
  const removeExpired = database.prepare(STATEMENTS.removeExpired);
  const read = ({ collection, id }: DocumentName) => {
    const raw = select.get(collection, id);
    return raw === undefined ? undefined : toRow(raw);
  };
  const write = (statement: StatementSync, name: DocumentName, document: StoredDocument) =>
    versionOf(statement.get(name.collection, name.id, JSON.stringify(document)));
  return {
    read,
    readRange: (collection, { first, end }) => selectRange.all(collection, first, end).map(toRow),
    insert: (name, document) => write(insert, name, document),
    edit: (name, edit) =>
      inTransaction(database, () => {
        const document = edit(read(name));
        return document && write(replace, name, document);
      }),
    removeExpired: (nowMs) => void removeExpired.run(new Date(nowMs).toISOString()),
    close: () => database.close(),
  };
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    switchToWal(database);
    // NORMAL may lose the last commits when the power fails, never the file's integrity.
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The timeout does not hold here: two processes that open a new file at once may find it locked. */
function switchToWal(database: DatabaseSync): void {
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (attempt === MAX_WAL_ATTEMPTS || !isBusy(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_PAUSE_MS);
    }
  }
}

/** The lower byte of an extended result code is the plain one. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

/** IMMEDIATE takes the write lock before the read: a deferred one may fail halfway, whatever the timeout. */
function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function toRow(raw: unknown): StoredRow {
  const { id, version, document } = raw as RawRow;
  return { id, version: String(version), document: parseDocument(document) };
}

function versionOf(raw: unknown): string | undefined {
  return raw === undefined ? undefined : String((raw as RawRow).version);
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value) =>
      typeof value === 'string' && TIME.test(value) ? new Date(value) : value,
    );
  } catch {
    return text;
  }
}
