import type { Mutant } from '../mutant.ts';

const SQLITE = 'shared/adapters/sqlite/sqlite-store.ts';
const FIRESTORE = 'shared/adapters/firestore/firestore-visits.ts';
const DOCUMENT = 'shared/adapters/records/branch-document.ts';

/** What the stores promise: conditions, and what a visit takes back. */
export const STORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'sqlite-unconditional-update',
    breaks: 'SQLite writes over a record that changed meanwhile: a claim wins against a visit.',
    file: SQLITE,
    find: 'row?.version === version ? applyWrite',
    replace: 'row !== undefined ? applyWrite',
  },
  {
    name: 'sqlite-visit-creates',
    breaks: 'In SQLite any host creates a record.',
    file: SQLITE,
    find: 'row === undefined ? undefined : applyWrite(row.document, write, context.now()),',
    replace: 'applyWrite(row?.document ?? {}, write, context.now()),',
  },
  {
    name: 'sqlite-late-lock',
    breaks: 'SQLite takes its lock after the read, and two processes win one version.',
    file: 'shared/adapters/sqlite/sqlite-documents.ts',
    find: "database.exec('BEGIN IMMEDIATE');",
    replace: "database.exec('BEGIN DEFERRED');",
  },
  {
    name: 'firestore-unconditional-update',
    breaks: 'Firestore writes over a record that changed meanwhile: a claim wins against a visit.',
    file: FIRESTORE,
    find: 'planBranchWrite(change), { updateTime: version }',
    replace: 'planBranchWrite(change), { exists: true }',
  },
  {
    name: 'firestore-visit-creates',
    breaks: 'In Firestore any host creates a record.',
    file: FIRESTORE,
    find: 'documents.commit(path, write, { exists: true })',
    replace: 'documents.commit(path, write)',
  },
  {
    name: 'firestore-creates-twice',
    breaks: 'A first visit writes over a record that somebody else has just created.',
    file: FIRESTORE,
    find: 'documents.commit(path, NEW_BRANCH, { exists: false })',
    replace: 'documents.commit(path, NEW_BRANCH)',
  },
  {
    name: 'firestore-lost-condition-is-written',
    breaks: 'A write that Firestore refused, because the record had changed, is taken for written.',
    file: FIRESTORE,
    find: "return committed.outcome === 'written' ? committed : { outcome: 'conflict' };",
    replace: "return committed.outcome === 'written' ? committed : { outcome: 'written', version };",
  },
  {
    name: 'firestore-missing-database-is-missing-record',
    breaks: 'A database that is not there makes every branch look new.',
    file: 'shared/adapters/firestore/firestore-documents.ts',
    find: '/database .*does not exist/i.test(message) ? undefined : OUTCOMES.get(status)',
    replace: 'message === undefined ? undefined : OUTCOMES.get(status)',
  },
  {
    name: 'clock-of-the-instance',
    breaks: 'Firestore is told the time of a visit, instead of stamping it by its own clock.',
    file: 'shared/adapters/firestore/firestore-documents.ts',
    find: "updateTransforms: stamp.map((fieldPath) => ({ fieldPath, setToServerValue: 'REQUEST_TIME' })),",
    replace: 'updateTransforms: stamp.slice(stamp.length),',
  },
  {
    name: 'visit-leaves-the-contest',
    breaks: 'A visit does not end a contest.',
    file: DOCUMENT,
    find: "clear: ['contested', 'expireAt'], stamp",
    replace: "clear: ['expireAt'], stamp",
  },
  {
    name: 'visit-lets-expire',
    breaks: 'The record of a branch that came back is deleted.',
    file: DOCUMENT,
    find: "clear: ['contested', 'expireAt'], stamp",
    replace: "clear: ['contested'], stamp",
  },
  {
    name: 'newer-record-is-read',
    breaks: 'A record of a newer version is read as if its fields meant the same.',
    file: DOCUMENT,
    find: 'if (version === DOCUMENT_VERSION) return undefined;',
    replace: 'if (Number(version) >= DOCUMENT_VERSION) return undefined;',
  },
  {
    name: 'namespaces-share-records',
    breaks: 'Two namespaces of one database share their records.',
    file: 'shared/adapters/records/document-id.ts',
    find: 'sweepDocumentId({ cluster, namespace }: StoreScope): string {\n',
    replace:
      'sweepDocumentId({ cluster, namespace: own }: StoreScope): string {\n  const namespace = own.slice(own.length);\n',
  },
];
