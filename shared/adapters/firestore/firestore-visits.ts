import type { RecordChange } from '../../core/branch-record.ts';
import { StoreError, type UpdateOutcome, type VisitStore } from '../../ports.ts';
import { BACKGROUND, NEW_BRANCH, planBranchWrite, VISIT } from '../records/branch-document.ts';
import { documentId, type StoreScope } from '../records/document-id.ts';
import { planHeartbeatWrite } from '../records/heartbeat-document.ts';
import { toReadRecord } from '../records/stored-branch.ts';
import type { DocumentWrite } from '../records/stored-document.ts';
import {
  type CommitOutcome,
  createFirestoreDocuments,
  type FirestoreDatabase,
  type FirestoreDocuments,
} from './firestore-documents.ts';

export type FirestoreVisitsOptions = FirestoreDatabase & StoreScope;

/**
 * The touch path's half of the store, one REST call a method, two for a heartbeat. The transport's `baseUrl` is
 * `https://firestore.googleapis.com`, or an emulator, which takes `Authorization: Bearer owner`.
 */
export function createFirestoreVisits(options: FirestoreVisitsOptions): VisitStore {
  const documents = createFirestoreDocuments(options);
  return {
    stampVisit: (branch) => stamp(documents, branchPath(options, branch), VISIT),
    stampBackground: (branch) => stamp(documents, branchPath(options, branch), BACKGROUND),
    createRecord: async (branch) => {
      const path = branchPath(options, branch);
      const { outcome } = await documents.commit(path, NEW_BRANCH, { exists: false });
      return expectOutcome(outcome, { written: 'created', exists: 'exists' });
    },
    readRecord: async (branch) => {
      const found = await documents.read(branchPath(options, branch));
      return found === undefined ? { outcome: 'missing' } : toReadRecord(branch, found);
    },
    update: (branch, version, change) => update(documents, branchPath(options, branch), { version, change }),
    stampHeartbeat: async (proxy, silenceMs) => {
      const path = `heartbeats/${documentId(options, proxy)}`;
      const { document, nowMs } = await documents.readTimed(path);
      const { outcome } = await documents.commit(path, planHeartbeatWrite(document, silenceMs, nowMs));
      expectOutcome(outcome, { written: 'stamped' });
    },
  };
}

async function stamp(documents: FirestoreDocuments, path: string, write: DocumentWrite) {
  const { outcome } = await documents.commit(path, write, { exists: true });
  return expectOutcome(outcome, { written: 'stamped' as const, missing: 'missing' as const });
}

async function update(
  documents: FirestoreDocuments,
  path: string,
  { version, change }: { readonly version: string; readonly change: RecordChange },
): Promise<UpdateOutcome> {
  const committed = await documents.commit(path, planBranchWrite(change), { updateTime: version });
  return committed.outcome === 'written' ? committed : { outcome: 'conflict' };
}

/** Path of a branch's document, from the database's root. */
function branchPath(scope: StoreScope, branch: string): string {
  return `branches/${documentId(scope, branch)}`;
}

function expectOutcome<Answer>(
  outcome: CommitOutcome['outcome'],
  answers: Partial<Record<CommitOutcome['outcome'], Answer>>,
): Answer {
  const answer = answers[outcome];
  if (answer === undefined) throw new StoreError(`Firestore refused a write: ${outcome}`);
  return answer;
}
