import { StoreError, type SweepPlaceStore } from '../../ports.ts';
import { sweepDocumentId } from '../records/document-id.ts';
import type { DocumentWrite } from '../records/stored-document.ts';
import { BLIND_SWEEP, parseSweepPlace, planSweepPlaceWrite } from '../records/sweep-document.ts';
import { createFirestoreDocuments } from './firestore-documents.ts';
import type { FirestoreVisitsOptions } from './firestore-visits.ts';

/** Keeps what sweeps remember of each other: one document of the cluster and namespace, one REST call a method. */
export function createFirestoreSweepPlace(options: FirestoreVisitsOptions): SweepPlaceStore {
  const documents = createFirestoreDocuments(options);
  const path = `sweeps/${sweepDocumentId(options)}`;
  const write = async (change: DocumentWrite) => {
    const { outcome } = await documents.commit(path, change);
    if (outcome !== 'written') throw new StoreError(`Firestore refused a write: ${outcome}`);
  };
  return {
    readSweepPlace: async () => parseSweepPlace((await documents.read(path))?.document),
    writeSweepPlace: (place) => write(planSweepPlaceWrite(place)),
    stampBlindSweep: () => write(BLIND_SWEEP),
  };
}
