import { ApiException, AppsV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { Workload, WorkloadKind } from '../../core/workload.ts';
import type { Cluster } from '../../ports.ts';
import { ask, askForOne } from './client-node-error.ts';
import { createClientNodeConfiguration } from './client-node-http.ts';
import { parseWorkloadName, type WorkloadName } from './kubernetes-names.ts';
import { createKubernetesVisits, FIELD_MANAGER, type KubernetesTarget } from './kubernetes-visits.ts';
import { type WorkloadObject, workloadFrom } from './kubernetes-workload.ts';

export type GkeClusterOptions = KubernetesTarget & {
  /** Workloads per page of a list. Default 500. */
  readonly pageSize?: number;
};

type Page = {
  readonly items: readonly WorkloadObject[];
  readonly metadata?: { readonly _continue?: string };
};
type ReadPage = (position?: string) => Promise<Page>;

const DEFAULT_PAGE_SIZE = 500;
const MAX_PAGES = 1_000;
/** A continue token lives for some minutes: a list that outlives it is begun anew this often. */
const MAX_LISTS = 3;

/**
 * Creates the sweep's view of a namespace, by client-node's generated API over the transport that it shares
 * with the touch path.
 */
export function createGkeCluster(options: GkeClusterOptions): Cluster {
  const api = new AppsV1Api(createClientNodeConfiguration(options.transport));
  return {
    ...createKubernetesVisits(options),
    listWorkloads: async () => {
      const kinds = ['deployment', 'statefulset'] as const;
      return (await Promise.all(kinds.map((kind) => listKind(api, options, kind)))).flat();
    },
    lower: async (ref, resourceVersion) => {
      const workload = parseWorkloadName(ref);
      return workload === undefined
        ? 'gone'
        : lower(api, options.namespace, { ...workload, resourceVersion });
    },
  };
}

async function listKind(
  api: AppsV1Api,
  { namespace, pageSize = DEFAULT_PAGE_SIZE }: GkeClusterOptions,
  kind: WorkloadKind,
): Promise<readonly Workload[]> {
  const call = { verb: 'list', resource: `${kind}s`, namespace } as const;
  const readPage: ReadPage = (position) => {
    const request = {
      namespace,
      limit: pageSize,
      ...(position === undefined ? {} : { _continue: position }),
    };
    return kind === 'deployment'
      ? api.listNamespacedDeployment(request)
      : api.listNamespacedStatefulSet(request);
  };
  return ask(call, async () => {
    const objects = await readAllPages(readPage);
    return objects.map((object) => workloadFrom(kind, object));
  });
}

async function readAllPages(readPage: ReadPage): Promise<readonly WorkloadObject[]> {
  for (let list = 1; ; list++) {
    try {
      return await readPages(readPage);
    } catch (error) {
      const isExpired = error instanceof ApiException && error.code === 410;
      if (!isExpired || list === MAX_LISTS) throw error;
    }
  }
}

async function readPages(readPage: ReadPage): Promise<readonly WorkloadObject[]> {
  const objects: WorkloadObject[] = [];
  let position: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const { items, metadata } = await readPage(position);
    objects.push(...items);
    position = metadata?._continue;
    if (!position) return objects;
  }
  throw new Error(`the list has more than ${MAX_PAGES} pages`);
}

async function lower(
  api: AppsV1Api,
  namespace: string,
  { kind, name, resourceVersion }: WorkloadName & { readonly resourceVersion: string },
): Promise<'lowered' | 'conflict' | 'gone'> {
  const call = { verb: 'patch', resource: `${kind}s/scale`, namespace, name } as const;
  const body = { metadata: { resourceVersion }, spec: { replicas: 0 } };
  const request = { namespace, name, body, fieldManager: FIELD_MANAGER };
  const asMerge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  const patch = () =>
    kind === 'deployment'
      ? api.patchNamespacedDeploymentScale(request, asMerge)
      : api.patchNamespacedStatefulSetScale(request, asMerge);
  const lowered = await askForOne(call, () => patch().catch(conflictOf));
  if (lowered === undefined) return 'gone';
  return lowered === 'conflict' ? 'conflict' : 'lowered';
}

function conflictOf(error: unknown): 'conflict' {
  if (error instanceof ApiException && error.code === 409) return 'conflict';
  throw error;
}
