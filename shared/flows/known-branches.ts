import type { Timing } from '../core/timing.ts';
import type { VisitCluster } from '../ports.ts';
import { createRecent } from './recent.ts';

/** Which branches there are, for hosts that anybody may have made up. */
export type KnownBranches = {
  /**
   * Whether a Service bears the branch's name. Kubernetes is asked at most once in 30 s for each name, and 60 times a
   * minute for all of them; `busy` beyond that.
   *
   * Rejects with a `ClusterError` when Kubernetes cannot be asked.
   */
  readonly ask: (branch: string) => Promise<'known' | 'unknown' | 'busy'>;
  /** Kubernetes turned out to have no workload of this branch. */
  readonly markUnknown: (branch: string) => void;
  readonly isMarkedUnknown: (branch: string) => boolean;
};

export type KnownBranchesDependencies = {
  readonly cluster: VisitCluster;
  readonly timing: Timing;
  /** The instance's own clock, epoch ms. */
  readonly now: () => number;
};

/** Together at most 60 in any minute: what has been saved up, and what comes in. */
const ASKS_SAVED_UP = 10;
const ASKS_PER_MINUTE = 50;
const MINUTE_MS = 60_000;

export function createKnownBranches({ cluster, timing, now }: KnownBranchesDependencies): KnownBranches {
  const known = createRecent({ forMs: timing.unknownTrustedMs, now });
  const unknown = createRecent({ forMs: timing.unknownTrustedMs, now });
  const mayAsk = createAllowance(now);
  return {
    ask: async (branch) => {
      if (unknown.has(branch)) return 'unknown';
      if (known.has(branch)) return 'known';
      if (!mayAsk()) return 'busy';
      const isThere = await cluster.hasService(branch);
      (isThere ? known : unknown).add(branch);
      return isThere ? 'known' : 'unknown';
    },
    markUnknown: unknown.add,
    isMarkedUnknown: unknown.has,
  };
}

function createAllowance(now: () => number): () => boolean {
  let left = ASKS_SAVED_UP;
  let filledMs = now();
  return () => {
    const nowMs = now();
    const refill = (Math.max(0, nowMs - filledMs) / MINUTE_MS) * ASKS_PER_MINUTE;
    left = Math.min(ASKS_SAVED_UP, left + refill);
    filledMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
