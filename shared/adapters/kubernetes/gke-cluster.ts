import type { Workload, WorkloadKind } from '../../core/workload.ts';
import { type Cluster, ClusterError } from '../../ports.ts';
import { answerError, isNotFound } from './kubernetes-error.ts';
import { parseWorkloadName, type WorkloadName, workloadPath } from './kubernetes-names.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';
import { createKubernetesVisits, FIELD_MANAGER } from './kubernetes-visits.ts';
import { type WorkloadObject, workloadFrom } from './kubernetes-workload.ts';
import { removeService, removeWorkload } from './remove-objects.ts';
import { listJobs } from './running-jobs.ts';
import { writeEvent } from './write-event.ts';

export type GkeClusterOptions = KubernetesTarget & {
  /** Workloads per page of a list. Default 500. */
  readonly pageSize?: number;
  /** For all pages of a list, begun anew or not. Default 60 s. */
  readonly listLimitMs?: number;
};

type List = Required<GkeClusterOptions> & { readonly kind: WorkloadKind; readonly endsAtMs: number };
type Page = { readonly workloads: readonly Workload[]; readonly next: string | undefined };
type PageJson = {
  readonly items: readonly WorkloadObject[];
  readonly metadata?: { readonly continue?: string };
};

const DEFAULT_PAGE_SIZE = 500;
const DEFAULT_LIST_LIMIT_MS = 60_000;
const MAX_PAGES = 1_000;
/** A continue token lives for some minutes: a list that outlives it is begun anew this often. */
const MAX_LISTS = 3;

/**
 * Creates the sweep's view of a namespace, over plain REST. Of each page only what Dormouse reads is kept: client-node
 * would make objects of all of it, which for 20,000 workloads takes seconds and hundreds of megabytes.
 */
export function createGkeCluster(options: GkeClusterOptions): Cluster {
  return {
    ...createKubernetesVisits(options),
    listWorkloads: async () => {
      const { listLimitMs = DEFAULT_LIST_LIMIT_MS, pageSize = DEFAULT_PAGE_SIZE } = options;
      const endsAtMs = performance.now() + listLimitMs;
      const kinds = ['deployment', 'statefulset'] as const;
      const list = (kind: WorkloadKind) => listKind({ ...options, pageSize, listLimitMs, endsAtMs, kind });
      return (await Promise.all(kinds.map(list))).flat();
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

async function listKind(list: List): Promise<readonly Workload[]> {
  for (let attempt = 1; ; attempt++) {
    const workloads = await readPages(list, attempt === MAX_LISTS);
    if (workloads !== 'expired') return workloads;
  }
}

/** `expired`: Kubernetes has forgotten the list whose pages these are. */
async function readPages(list: List, isLastAttempt: boolean): Promise<readonly Workload[] | 'expired'> {
  const workloads: Workload[] = [];
  let position: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const read = await readPage(list, position, isLastAttempt);
    if (read === 'expired') return 'expired';
    workloads.push(...read.workloads);
    position = read.next;
    if (!position) return workloads;
  }
  throw failed(list, `the list has more than ${MAX_PAGES} pages`);
}

async function readPage(
  list: List,
  position: string | undefined,
  isLastAttempt: boolean,
): Promise<Page | 'expired'> {
  const { kind, namespace, pageSize, listLimitMs, endsAtMs } = list;
  if (performance.now() > endsAtMs) throw failed(list, `the list took longer than ${listLimitMs} ms`);
  const call = callOf(list);
  const query = { limit: String(pageSize), ...(position === undefined ? {} : { continue: position }) };
  const answer = await send(list, call, { method: 'GET', path: workloadPath(namespace, kind), query });
  if (answer.status === 410 && !isLastAttempt) return 'expired';
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, ({ items, metadata }: PageJson) => ({
    workloads: items.map((item) => workloadFrom(kind, item)),
    next: metadata?.continue,
  }));
}

function callOf({ kind, namespace }: List) {
  return { verb: 'list', resource: `${kind}s`, namespace } as const;
}

function failed({ kind, namespace }: List, why: string): ClusterError {
  return new ClusterError(`could not list ${kind}s in namespace ${namespace}: ${why}`);
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
