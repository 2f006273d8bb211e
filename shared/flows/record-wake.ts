import type { VisitStore } from '../ports.ts';
import { createRecent } from './recent.ts';

/** Times the wakes that somebody waits for at this instance, and keeps how long they took in the branch's record. */
export type WakeTimer = {
  /** Counts from the first time on, until the branch is reached. */
  readonly started: (branch: string) => void;
  /** How long the wake took, in ms; counts once a wake. Never rejects: a duration that is lost harms nobody. */
  readonly reached: (branch: string) => Promise<number | undefined>;
};

/** What took longer was no wake that somebody waited for. */
const LONGEST_WAKE_MS = 15 * 60_000;
const KEPT_DURATIONS = 5;

export function createWakeTimer(store: VisitStore, now: () => number): WakeTimer {
  const recent = createRecent({ forMs: LONGEST_WAKE_MS, now });
  const startedMs = new Map<string, number>();
  return {
    started: (branch) => {
      if (startedMs.has(branch) && recent.has(branch)) return;
      recent.add(branch);
      startedMs.set(branch, now());
      for (const known of startedMs.keys()) if (!recent.has(known)) startedMs.delete(known);
    },
    reached: async (branch) => {
      const sinceMs = startedMs.get(branch);
      startedMs.delete(branch);
      if (sinceMs === undefined || !recent.has(branch)) return undefined;
      const wakeMs = Math.round(now() - sinceMs);
      await record(store, branch, wakeMs);
      return wakeMs;
    },
  };
}

async function record(store: VisitStore, branch: string, wakeMs: number): Promise<void> {
  try {
    const read = await store.readRecord(branch);
    if (read.outcome !== 'found') return;
    const durations = [...read.record.wakeMs, wakeMs].slice(-KEPT_DURATIONS);
    await store.update(branch, read.version, { wakeMs: durations });
  } catch {
    // the next wake is timed again
  }
}
