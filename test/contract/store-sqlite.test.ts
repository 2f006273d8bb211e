import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredDocument } from '../../shared/adapters/records/stored-document.ts';
import { openSqliteDocuments } from '../../shared/adapters/sqlite/sqlite-documents.ts';
import { createSqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts';
import { StoreError } from '../../shared/ports.ts';
import { branchStoreContract } from './store-contract.ts';
import { FULL_DOCUMENT, freshScope, idIn, readFound, SILENCE_MS, type StoreWorld } from './store-fixture.ts';
import { visitStoreContract } from './visit-store-contract.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const shared = { cluster: 'staging', namespace: 'shared' };

let folder: string;
let file: string;
const opened: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dormouse-store-'));
  file = path.join(folder, 'store.sqlite');
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

function open(scope = shared, now?: () => number) {
  const store = createSqliteStore({ file, ...scope, ...(now && { now }) });
  opened.push(store);
  return store;
}

/** The file as a person with `sqlite3` sees it. */
function withFile<Result>(use: (database: DatabaseSync) => Result): Result {
  openSqliteDocuments(file).close();
  const database = new DatabaseSync(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

function putText(collection: string, id: string, document: string): void {
  withFile((database) =>
    database
      .prepare('REPLACE INTO documents (collection, id, document) VALUES (?, ?, ?)')
      .run(collection, id, document),
  );
}

function putAll(collection: string, documents: Readonly<Record<string, StoredDocument>>): void {
  withFile((database) => {
    const insert = database.prepare('REPLACE INTO documents (collection, id, document) VALUES (?, ?, ?)');
    database.exec('BEGIN');
    for (const [id, document] of Object.entries(documents)) {
      insert.run(collection, id, JSON.stringify(document));
    }
    database.exec('COMMIT');
  });
}

const world: StoreWorld = {
  open,
  openDown: async (scope) => {
    const store = createSqliteStore({ file, ...scope });
    await store.close();
    return store;
  },
  put: async (collection, documents) => putAll(collection, documents),
  get: async (collection, id) => {
    const documents = openSqliteDocuments(file);
    const row = documents.read({ collection, id });
    documents.close();
    return row?.document as StoredDocument | undefined;
  },
  remove: async (collection, id) =>
    withFile((database) => {
      database.prepare('DELETE FROM documents WHERE collection = ? AND id = ?').run(collection, id);
    }),
};

visitStoreContract('createSqliteStore', () => world);
branchStoreContract('createSqliteStore', () => world);

describe('createSqliteStore and other processes', () => {
  test('lets exactly one of four processes create a record, the file being new', async () => {
    const outcomes = await race(['create', file]);
    expect(outcomes.sort()).toEqual(['created', 'exists', 'exists', 'exists']);
  });

  test('lets exactly one of four processes win that claim one version', async () => {
    await open().createRecord('my-branch--g');
    const { version } = await readFound(open(), 'my-branch--g');
    const outcomes = await race(['claim', file, version]);
    expect(outcomes.sort()).toEqual(['conflict', 'conflict', 'conflict', 'written']);
  });

  test('loses no visit when four processes write all the time', async () => {
    await open().createRecord('my-branch--g');
    expect(await race(['visit', file])).toEqual(['stamped', 'stamped', 'stamped', 'stamped']);
  });

  test('gives up with a StoreError after 2 s when another holds the file, and reads meanwhile', async () => {
    const store = open();
    await store.createRecord('my-branch--g');
    const other = new DatabaseSync(file);
    opened.push(other);
    other.exec('BEGIN IMMEDIATE');
    const startMs = performance.now();
    await expect(store.stampVisit('my-branch--g')).rejects.toThrow(StoreError);
    expect(performance.now() - startMs).toBeLessThan(3_000);
    await readFound(store, 'my-branch--g');
    other.exec('ROLLBACK');
    expect(await store.stampVisit('my-branch--g')).toBe('stamped');
  });

  test('remembers what it was told when it is opened again', async () => {
    const store = createSqliteStore({ file, ...shared });
    await store.createRecord('my-branch--g');
    const before = await readFound(store, 'my-branch--g');
    await store.close();
    expect(await readFound(open(), 'my-branch--g')).toEqual(before);
  });
});

describe('createSqliteStore', () => {
  test('takes all times from the clock it is given', async () => {
    const store = open(shared, () => 1_234_567_890_123);
    await store.createRecord('my-branch--g');
    await store.stampHeartbeat('proxy-1', SILENCE_MS);
    const { records, nowMs } = await store.readAll();
    const { heartbeats } = await store.readHeartbeats();
    expect(nowMs).toBe(1_234_567_890_123);
    expect(records.get('my-branch--g')?.record.lastAccessMs).toBe(nowMs);
    expect(heartbeats).toEqual([{ proxy: 'proxy-1', lastBeatMs: nowMs }]);
  });

  test('removes what has expired with the next beat, and keeps what has not', async () => {
    let nowMs = Date.now();
    const store = open(shared, () => nowMs);
    for (const [branch, afterMs] of [
      ['gone--g', DAY_MS],
      ['kept--g', DAY_MS + 1],
    ] as const) {
      await store.createRecord(branch);
      const { version } = await readFound(store, branch);
      await store.update(branch, version, { expireAtMs: nowMs + afterMs });
    }
    nowMs += DAY_MS;
    await store.stampHeartbeat('proxy-1', SILENCE_MS);
    expect([...(await store.readAll()).records.keys()]).toEqual(['kept--g']);
  });

  test('names a document that is not JSON, and reads the others', async () => {
    const scope = freshScope();
    putText('branches', idIn(scope, 'bad--g'), '{"v": 1,');
    putText('branches', idIn(scope, 'good--g'), JSON.stringify(FULL_DOCUMENT));
    const store = open(scope);
    const { records, malformed } = await store.readAll();
    expect([...records.keys()]).toEqual(['good--g']);
    expect(malformed).toEqual([{ branch: 'bad--g', problem: `document is '{"v": 1,': expected fields` }]);
    await expect(store.stampVisit('bad--g')).rejects.toThrow('the document is not a JSON object');
    await store.stampHeartbeat('proxy-1', SILENCE_MS);
  });

  test('says which file it cannot open', () => {
    writeFileSync(file, 'this is no database, but long enough to be taken for one'.repeat(20));
    expect(() => createSqliteStore({ file, ...shared })).toThrow(`SQLite could not open ${file}`);
    const lost = path.join(folder, 'no-such-folder', 'store.sqlite');
    expect(() => createSqliteStore({ file: lost, ...shared })).toThrow(StoreError);
  });
});

/** Lets four processes do the same thing at once; how each ended. */
async function race(task: readonly string[]): Promise<string[]> {
  const script = path.join(import.meta.dirname, 'store-sqlite-process.ts');
  const processes = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [script, ...task], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const ends = processes.map(({ stdout }) => (stdout === null ? '' : readAfterReady(stdout)));
  await Promise.all(processes.map((child) => once(child.stdout as NodeJS.EventEmitter, 'readable')));
  for (const child of processes) (child as ChildProcess).stdin?.write('go\n');
  return Promise.all(ends);
}

async function readAfterReady(stdout: NodeJS.ReadableStream): Promise<string> {
  const said = await text(stdout);
  return said.replace('ready\n', '').trim();
}
