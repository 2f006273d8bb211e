import { StoreError, type SweepPlaceStore } from '../../ports.ts';
import { sweepDocumentId } from '../records/document-id.ts';
import { parseSweepPlace, planSweepPlaceWrite } from '../records/sweep-document.ts';
import { createFirestoreDocuments } from './firestore-documents.ts';
import type { FirestoreVisitsOptions } from './firestore-visits.ts';

/** Keeps the place of a sweep that stopped: one document of the cluster and namespace, one REST call a method. */
export function createFirestoreSweepPlace(options: FirestoreVisitsOptions): SweepPlaceStore {
  const documents = createFirestoreDocuments(options);
  const path = `sweeps/${sweepDocumentId(options)}`;
  return {
    readSweepPlace: async () => parseSweepPlace((await documents.read(path))?.document),
    writeSweepPlace: async (place) => {
      const { outcome } = await documents.commit(path, planSweepPlaceWrite(place));
      if (outcome !== 'written') throw new StoreError(`Firestore refused a write: ${outcome}`);
    },
  };
}
