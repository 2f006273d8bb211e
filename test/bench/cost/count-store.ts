import type { BranchStore } from '../../../shared/ports.ts';
import type { MemoryStore } from '../../fixtures/memory-ports.ts';
import { DAY_MS } from './traffic.ts';

/** A store that counts what Firestore would: documents that are read and written, by day. */
export type CountedStore = BranchStore & { readonly reads: number[]; readonly writes: number[] };

/** A query that finds nothing counts as one read; so does a write whose condition fails count as a write. */
export function countStore(store: MemoryStore, now: () => number): CountedStore {
  const reads: number[] = [];
  const writes: number[] = [];
  const count = (days: number[], documents: number) => {
    const day = Math.floor(now() / DAY_MS);
    days[day] = (days[day] ?? 0) + documents;
  };
  const read = <Answer>(answer: Answer, documents = 1) => {
    count(reads, Math.max(1, documents));
    return answer;
  };
  const write = <Answer>(answer: Answer) => {
    count(writes, 1);
    return answer;
  };
  return {
    reads,
    writes,
    stampVisit: async (branch) => write(await store.stampVisit(branch)),
    stampBackground: async (branch) => write(await store.stampBackground(branch)),
    createRecord: async (branch) => write(await store.createRecord(branch)),
    readRecord: async (branch) => read(await store.readRecord(branch)),
    stampHeartbeat: async (proxy, silenceMs) => write(read(await store.stampHeartbeat(proxy, silenceMs))),
    update: async (branch, version, change) => write(await store.update(branch, version, change)),
    readAll: async () => {
      const snapshot = await store.readAll();
      return read(snapshot, snapshot.records.size);
    },
    readHeartbeats: async () => {
      const beats = await store.readHeartbeats();
      return read(beats, beats.heartbeats.length);
    },
    readSweepPlace: async () => read(await store.readSweepPlace()),
    writeSweepPlace: async (place) => write(await store.writeSweepPlace(place)),
    stampBlindSweep: async () => write(await store.stampBlindSweep()),
  };
}
