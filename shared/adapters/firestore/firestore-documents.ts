import type { DocumentWrite, StoredDocument } from '../records/stored-document.ts';
import type { HttpAnswer } from '../rest/http-exchange.ts';
import type { RestRequest, RestTransport } from '../rest/rest-transport.ts';
import { askFirestore, encodePath, errorOf, parseAnswer, unexpected } from './firestore-answer.ts';
import { decodeFields, encodeFields, type FirestoreFields } from './firestore-value.ts';
import { versionOfTime } from './firestore-version.ts';

export type FirestoreDatabase = {
  readonly transport: RestTransport;
  readonly projectId: string;
  readonly databaseId: string;
};

/** What must be true of a document for a write to happen. */
export type WriteCondition = { readonly exists: boolean } | { readonly updateTime: string };

export type CommitOutcome =
  | { readonly outcome: 'written'; readonly version: string }
  | { readonly outcome: 'missing' | 'exists' | 'stale' | 'contended' };

export type FirestoreDocuments = {
  /** `path` is relative to the database's root: `branches/ID`. */
  read(path: string): Promise<{ readonly document: StoredDocument; readonly version: string } | undefined>;
  /** The same, if it is there, and the store's time of the reading. */
  readTimed(path: string): Promise<{ readonly document?: StoredDocument; readonly nowMs: number }>;
  /** Repeats itself on a lost answer, and then may meet its own first try: `exists`, `stale`. */
  commit(path: string, write: DocumentWrite, condition?: WriteCondition): Promise<CommitOutcome>;
};

/** For one call, retries included: a store that hangs delays a wake, never prevents it. */
const CALL_TIMEOUT_MS = 2_000;

/** How often a commit is tried that others' writes to the document keep from happening. */
const MAX_COMMITS = 3;

/** Source: google.rpc.Code. The HTTP status does not tell: 409 is ALREADY_EXISTS and ABORTED. */
const OUTCOMES: ReadonlyMap<string, 'missing' | 'exists' | 'stale' | 'contended'> = new Map([
  ['NOT_FOUND', 'missing'],
  ['ALREADY_EXISTS', 'exists'],
  ['FAILED_PRECONDITION', 'stale'],
  ['ABORTED', 'contended'],
]);

/**
 * Reads and writes single documents by Firestore's REST API: what a touch needs, and a claim.
 * Source: firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents
 */
export function createFirestoreDocuments(database: FirestoreDatabase): FirestoreDocuments {
  const root = `projects/${database.projectId}/databases/${database.databaseId}/documents`;
  return {
    read: async (path) => {
      const request = { method: 'GET', path: `/v1/${encodePath(`${root}/${path}`)}` };
      return toDocument(await askFirestore(database.transport, { ...request, timeoutMs: CALL_TIMEOUT_MS }));
    },
    readTimed: async (path) => {
      const body = JSON.stringify({ documents: [`${root}/${path}`] });
      const request = { method: 'POST', path: `/v1/${encodePath(root)}:batchGet`, body };
      return toTimed(await askFirestore(database.transport, { ...request, timeoutMs: CALL_TIMEOUT_MS }));
    },
    commit: (path, write, condition) => {
      const body = JSON.stringify({ writes: [toWrite(`${root}/${path}`, write, condition)] });
      return commit(database.transport, { method: 'POST', path: `/v1/${encodePath(root)}:commit`, body });
    },
  };
}

/** Contention is told after a while of waiting for a lock: no need to wait on top of it. */
async function commit(transport: RestTransport, request: RestRequest): Promise<CommitOutcome> {
  const endsAtMs = performance.now() + CALL_TIMEOUT_MS;
  for (let attempt = 1; ; attempt++) {
    const timeoutMs = Math.max(1, endsAtMs - performance.now());
    const outcome = toOutcome(await askFirestore(transport, { ...request, timeoutMs }));
    const isOver = attempt === MAX_COMMITS || performance.now() >= endsAtMs;
    if (outcome.outcome !== 'contended' || isOver) return outcome;
  }
}

/** The mask names what is set and what is removed; what it names and `fields` lacks is removed. */
function toWrite(name: string, { set, clear, stamp }: DocumentWrite, condition?: WriteCondition) {
  return {
    update: { name, fields: encodeFields(set) },
    updateMask: { fieldPaths: [...Object.keys(set), ...clear] },
    updateTransforms: stamp.map((fieldPath) => ({ fieldPath, setToServerValue: 'REQUEST_TIME' })),
    ...(condition && { currentDocument: condition }),
  };
}

function toDocument(answer: HttpAnswer) {
  if (answer.status === 200) {
    const { fields, updateTime } = parseAnswer<{ fields?: FirestoreFields; updateTime: string }>(answer);
    return { document: decodeFields(fields), version: versionOfTime(updateTime) };
  }
  if (failureOf(answer) === 'missing') return undefined;
  throw unexpected(answer);
}

type TimedAnswer = { readonly found?: { readonly fields?: FirestoreFields }; readonly readTime?: string };

function toTimed(answer: HttpAnswer) {
  if (answer.status !== 200) throw unexpected(answer);
  const [read] = parseAnswer<readonly TimedAnswer[]>(answer);
  const nowMs = Date.parse(read?.readTime ?? '');
  if (Number.isNaN(nowMs)) throw unexpected(answer);
  return read?.found === undefined ? { nowMs } : { document: decodeFields(read.found.fields), nowMs };
}

function toOutcome(answer: HttpAnswer): CommitOutcome {
  if (answer.status === 200) {
    const { writeResults } = parseAnswer<{ writeResults: readonly { updateTime: string }[] }>(answer);
    return { outcome: 'written', version: versionOfTime(writeResults[0]?.updateTime ?? '') };
  }
  const outcome = failureOf(answer);
  if (outcome === undefined) throw unexpected(answer);
  return { outcome };
}

/** A database that does not exist is NOT_FOUND as well, and no reason to take a branch for a new one. */
function failureOf(answer: HttpAnswer) {
  const { status = '', message = '' } = errorOf(answer);
  return /database .*does not exist/i.test(message) ? undefined : OUTCOMES.get(status);
}
