import { createGkeCluster } from '../../../shared/adapters/kubernetes/gke-cluster.ts';
import type { RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import type { SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import { createTiming } from '../../../shared/core/timing.ts';
import { createSweep } from '../../../shared/flows/sweep.ts';
import type { BranchStore } from '../../../shared/ports.ts';

export type SweeperOptions = {
  readonly transport: RestTransport;
  readonly namespace: string;
  readonly store: BranchStore;
  readonly batchSize: number;
  /** How many batches fit in the time of a sweep. */
  readonly batches: number;
  readonly idleAfterMs: number;
};

export type Sweeper = {
  /** One sweep, while a proxy beats. */
  readonly sweep: () => Promise<SweepSummary>;
  /** What was worked on, in that order, by all sweeps; what was kept or left is not in it. */
  readonly worked: readonly string[];
};

const BATCH_MS = 1_000;

/**
 * The sweep as it runs in the function, on real adapters, whose time is measured in batches: so it stops at the same
 * place on any machine.
 */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { transport, namespace, store, batchSize, batches, idleAfterMs } = options;
  const worked: string[] = [];
  let looks = 0;
  const readHeartbeats = () => {
    looks += 1; // once before a sweep, and once before each batch
    return store.readHeartbeats();
  };
  const report = ({ branch, decision, result }: SweptBranch) => {
    const isLeft = result.result === 'kept' && result.reason === 'deadline';
    if (decision.action !== 'keep' && !isLeft) worked.push(branch);
  };
  const sweep = createSweep({
    store: { ...store, readHeartbeats },
    cluster: createGkeCluster({ transport, namespace }),
    settings: { timing: { ...createTiming(idleAfterMs), idleAfterMs }, mode: 'on' },
    now: () => looks * BATCH_MS,
    expectedProxies: 1,
    batchSize,
    deadlineMs: (batches + 1) * BATCH_MS,
    report,
  });
  return {
    worked,
    sweep: async () => {
      await store.stampHeartbeat('proxy', Number.POSITIVE_INFINITY);
      return sweep({ isDryRun: false });
    },
  };
}

/** Sweeps until one gets through; every summary. @throws Error when none does */
export async function sweepThrough(sweeper: Sweeper, atMost: number): Promise<readonly SweepSummary[]> {
  const summaries: SweepSummary[] = [];
  while (summaries.length < atMost) {
    const summary = await sweeper.sweep();
    summaries.push(summary);
    if (summary.stopped === false) return summaries;
  }
  throw new Error(`not through after ${atMost} sweeps: ${JSON.stringify(summaries.at(-1))}`);
}
