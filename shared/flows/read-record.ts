import type { BranchRecord } from '../core/branch-record.ts';
import type { VisitStore } from '../ports.ts';

/** Fails open: a record that is missing or cannot be read is none, and doubt means wake. Never rejects. */
export async function readRecord(store: VisitStore, branch: string): Promise<BranchRecord | undefined> {
  try {
    const read = await store.readRecord(branch);
    return read.outcome === 'found' ? read.record : undefined;
  } catch {
    return undefined;
  }
}
