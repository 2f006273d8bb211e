import { createGkeCluster } from '../../../shared/adapters/kubernetes/gke-cluster.ts';
import type { RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import { isFailure, type SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import { createTiming } from '../../../shared/core/timing.ts';
import { createSweep } from '../../../shared/flows/sweep.ts';
import { createMemoryStore } from '../../fixtures/memory-ports.ts';
import { createBranch, deleteBranch } from '../../world/branch-manifests.ts';
import { eventually } from '../visits.ts';
import { NAMESPACE, type PrivilegedWorld } from './privileged-world.ts';

type Workload = { readonly status?: { readonly availableReplicas?: number } };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let stories = 0;

/**
 * Tells all that the function `sleep` does of one branch of a Deployment and a StatefulSet: it registers it, puts it
 * to sleep, heals it after a visit, settles the claim, and notes that somebody scaled it by hand.
 *
 * @throws Error at the first sweep that does something else
 */
export async function tellSleepStory({ api }: PrivilegedWorld, transport: RestTransport): Promise<void> {
  stories += 1;
  const name = `sleep-${stories}--g`;
  const db = `${name}-db`;
  const workloads = [{}, { name: db, kind: 'statefulset' }] as const;
  await createBranch(api, { namespace: NAMESPACE, name, workloads });
  const { sweep, pass, visit } = createStory(transport, name);
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}`;
  const scaleByHand = async (replicas: number) => {
    await api.patch(`${path}/deployments/${name}/scale`, { spec: { replicas } });
    await api.patch(`${path}/statefulsets/${db}/scale`, { spec: { replicas } });
  };
  const isSettled = async () => {
    const both = await Promise.all([
      api.get<Workload>(`${path}/deployments/${name}`),
      api.get<Workload>(`${path}/statefulsets/${db}`),
    ]);
    return both.every(({ status }) => status?.availableReplicas === 1);
  };
  try {
    await eventually(isSettled, Boolean); // a status that changes under a sweep makes it keep the branch
    await sweep('kept');
    pass(2 * HOUR);
    await sweep('slept');
    pass(MINUTE);
    await visit();
    await sweep('healed');
    pass(5 * MINUTE);
    await sweep('settled');
    await scaleByHand(0);
    await sweep('noted');
    await scaleByHand(1);
    await sweep('noted');
  } finally {
    await deleteBranch(api, { namespace: NAMESPACE, name });
  }
}

function createStory(transport: RestTransport, name: string) {
  let nowMs = Date.now();
  const now = () => nowMs;
  const store = createMemoryStore(now);
  const swept: SweptBranch[] = [];
  const sweepAll = createSweep({
    store,
    cluster: createGkeCluster({ transport, namespace: NAMESPACE }),
    rules: { timing: createTiming(HOUR), mode: 'on' },
    now,
    expectedProxies: 1,
    batchSize: 1,
    report: (branch) => void swept.push(branch),
  });
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    visit: () => store.stampVisit(name),
    sweep: async (wanted: SweptBranch['result']['result']): Promise<SweepSummary> => {
      await store.stampHeartbeat('proxy', Number.POSITIVE_INFINITY);
      const summary = await sweepAll({ isDryRun: false });
      const last = swept.findLast(({ branch }) => branch === name);
      if (last?.result.result === wanted && !isFailure(last.result)) return summary;
      throw new Error(`not ${wanted}: ${JSON.stringify(last)}`);
    },
  };
}
