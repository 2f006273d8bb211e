import type { Timing } from '../core/timing.ts';
import type { VisitCluster } from '../ports.ts';
import { createAllowance } from './allowance.ts';
import { createRecent } from './recent.ts';
import { createSingleFlight } from './single-flight.ts';

/** Which branches there are, for hosts that anybody may have made up. */
export type KnownBranches = {
  /**
   * Whether a Service bears the branch's name. Kubernetes is asked at most once in 30 s for each name, and at most 60
   * times a minute for names that turn out to be nobody's; `busy` beyond that.
   *
   * Rejects with a `ClusterError` when Kubernetes cannot be asked.
   */
  readonly ask: (branch: string) => Promise<Knowledge>;
  /** Kubernetes turned out to have workloads of this branch. */
  readonly markKnown: (branch: string) => void;
  readonly isMarkedKnown: (branch: string) => boolean;
  /** Kubernetes turned out to have no workload of this branch. */
  readonly markUnknown: (branch: string) => void;
  readonly isMarkedUnknown: (branch: string) => boolean;
};

export type Knowledge = 'known' | 'unknown' | 'busy';

export type KnownBranchesDependencies = {
  readonly cluster: VisitCluster;
  readonly timing: Timing;
  /** The instance's own clock, epoch ms. */
  readonly now: () => number;
};

/** Together at most 60 in any minute: what has been saved up, and what comes in. */
const ASKS_SAVED_UP = 30;
const ASKS_PER_MINUTE = 30;

export function createKnownBranches({ cluster, timing, now }: KnownBranchesDependencies): KnownBranches {
  const known = createRecent({ forMs: timing.unknownTrustedMs, now });
  const unknown = createRecent({ forMs: timing.unknownTrustedMs, now });
  const allowance = createAllowance({ savedUp: ASKS_SAVED_UP, perMinute: ASKS_PER_MINUTE, now });
  const oneFlight = createSingleFlight<Knowledge>();
  const askKubernetes = async (branch: string): Promise<Knowledge> => {
    if (!allowance.take()) return 'busy';
    const isThere = await cluster.hasService(branch);
    if (isThere) allowance.giveBack(); // there are only so many: what must be bounded is what people make up
    (isThere ? known : unknown).add(branch);
    return isThere ? 'known' : 'unknown';
  };
  return {
    ask: async (branch) => {
      if (unknown.has(branch)) return 'unknown';
      if (known.has(branch)) return 'known';
      return oneFlight(branch, () => askKubernetes(branch));
    },
    markKnown: known.add,
    isMarkedKnown: known.has,
    markUnknown: unknown.add,
    isMarkedUnknown: unknown.has,
  };
}
