import type { Workload, WorkloadKind } from '../../core/workload.ts';
import type { Cluster } from '../../ports.ts';
import { answerError, isNotFound } from './kubernetes-error.ts';
import { parseWorkloadName, type WorkloadName, workloadPath } from './kubernetes-names.ts';
import { type KubernetesTarget, send } from './kubernetes-rest.ts';
import { createKubernetesVisits, FIELD_MANAGER } from './kubernetes-visits.ts';
import { type WorkloadObject, workloadFrom } from './kubernetes-workload.ts';
import { type ListLimits, MAX_LISTS, readPages } from './list-pages.ts';
import { removeService, removeWorkload } from './remove-objects.ts';
import { listJobs } from './running-jobs.ts';
import { writeEvent } from './write-event.ts';

export type GkeClusterOptions = KubernetesTarget & {
  /** For all pages of a list of workloads, begun anew or not. Default 60 s. */
  readonly listLimitMs?: number;
};

const DEFAULT_LIST_LIMIT_MS = 60_000;
const MAX_PAGES = 1_000;

/**
 * Creates the sweep's view of a namespace, over plain REST. Of each page only what Dormouse reads is kept: client-node
 * would make objects of all of it, which for 20,000 workloads takes seconds and hundreds of megabytes.
 */
export function createGkeCluster(options: GkeClusterOptions): Cluster {
  return {
    ...createKubernetesVisits(options),
    listWorkloads: async () => {
      const { listLimitMs: limitMs = DEFAULT_LIST_LIMIT_MS } = options;
      const limits = { maxPages: MAX_PAGES, limitMs, endsAtMs: performance.now() + limitMs };
      const kinds = ['deployment', 'statefulset'] as const;
      return (await Promise.all(kinds.map((kind) => listKind(options, kind, limits)))).flat();
    },
    lower: async (ref, resourceVersion) => {
      const workload = parseWorkloadName(ref);
      return workload === undefined ? 'gone' : lower(options, workload, resourceVersion);
    },
    listJobs: () => listJobs(options),
    tell: (notice) => writeEvent(options, notice),
    removeWorkload: (condemned) => removeWorkload(options, condemned),
    removeService: (branch) => removeService(options, branch),
  };
}

async function listKind(
  target: KubernetesTarget,
  kind: WorkloadKind,
  limits: ListLimits,
): Promise<readonly Workload[]> {
  const { namespace } = target;
  const call = { verb: 'list', resource: `${kind}s`, namespace } as const;
  const readItem = (object: WorkloadObject) => workloadFrom(kind, object);
  const collection = { path: workloadPath(namespace, kind), readItem, limits };
  for (let attempt = 1; ; attempt++) {
    const pages = await readPages(target, call, collection);
    if ('values' in pages) return pages.values;
    if (attempt === MAX_LISTS) throw pages.expired;
  }
}

/** The one condition that Kubernetes keeps for a scale: that the workload's resourceVersion has not moved. */
async function lower(
  target: KubernetesTarget,
  workload: WorkloadName,
  resourceVersion: string,
): Promise<'lowered' | 'conflict' | 'gone'> {
  const { kind, name } = workload;
  const call = { verb: 'patch', resource: `${kind}s/scale`, namespace: target.namespace, name } as const;
  const answer = await send(target, call, {
    method: 'PATCH',
    path: `${workloadPath(target.namespace, kind, name)}/scale`,
    query: { fieldManager: FIELD_MANAGER },
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { resourceVersion }, spec: { replicas: 0 } }),
  });
  if (answer.status === 200) return 'lowered';
  if (answer.status === 409) return 'conflict';
  if (isNotFound(answer.status, answer.body)) return 'gone';
  throw answerError(call, answer.status, answer.body);
}
