import type {
  CoreV1Event,
  V1Deployment,
  V1EndpointSlice,
  V1EndpointSliceList,
  V1Pod,
  V1ReplicaSet,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';
import { answerError, isNotFound, type KubernetesCall } from './kubernetes-error.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';
import { BRANCH_LABEL } from './kubernetes-workload.ts';
import { SERVICE_LABEL } from './serving-endpoints.ts';

/** A workload as Kubernetes tells it. */
export type WorkloadSource =
  | { readonly kind: 'deployment'; readonly object: V1Deployment }
  | { readonly kind: 'statefulset'; readonly object: V1StatefulSet };

/**
 * Reads what a branch consists of, as its JSON has it: what client-node's types call a Date is a text. Every call may
 * reject with a `ClusterError`.
 */
export type BranchObjects = {
  /** Those that belong to the branch, each once. */
  readonly workloads: (branch: string) => Promise<readonly WorkloadSource[]>;
  readonly service: (branch: string) => Promise<V1Service | undefined>;
  readonly slices: (branch: string) => Promise<V1EndpointSliceList>;
  /** Those that have not ended. */
  readonly pods: (labelSelector: string) => Promise<readonly V1Pod[]>;
  readonly replicaSets: (labelSelector: string) => Promise<readonly V1ReplicaSet[]>;
  /** Of one object, by its uid. */
  readonly events: (uid: string, reason?: string) => Promise<readonly CoreV1Event[]>;
};

const GROUPS = {
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  replicasets: '/apis/apps/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
  services: '/api/v1',
  pods: '/api/v1',
  events: '/api/v1',
} as const;

type Resource = keyof typeof GROUPS;
type Selectors = { readonly labelSelector?: string; readonly fieldSelector?: string };
type List<Item> = {
  readonly items?: readonly Item[] | null;
  readonly metadata?: { resourceVersion?: string };
};

/** More than any branch has; what is beyond would change no verdict. */
const MAX_OBJECTS = 500;
/** On GKE the dead pods of Spot nodes and evictions stay listed for days. */
const NOT_ENDED = 'status.phase!=Failed,status.phase!=Succeeded';

export function createBranchObjects(target: KubernetesTarget): BranchObjects {
  return {
    workloads: (branch) => readWorkloads(target, branch),
    service: (name) => readOne<V1Service>(target, 'services', name),
    slices: async (branch) => {
      const selectors = { labelSelector: `${SERVICE_LABEL}=${branch}` };
      const { items, metadata = {} } = await list<V1EndpointSlice>(target, 'endpointslices', selectors);
      return { items: [...(items ?? [])], metadata };
    },
    pods: (labelSelector) => listItems<V1Pod>(target, 'pods', { labelSelector, fieldSelector: NOT_ENDED }),
    replicaSets: (labelSelector) => listItems<V1ReplicaSet>(target, 'replicasets', { labelSelector }),
    events: (uid, reason) => {
      const ofReason = reason === undefined ? '' : `,reason=${reason}`;
      return listItems<CoreV1Event>(target, 'events', {
        fieldSelector: `involvedObject.uid=${uid}${ofReason}`,
      });
    },
  };
}

/** By label and by name; a label that names another branch wins over the name. */
async function readWorkloads(target: KubernetesTarget, branch: string): Promise<readonly WorkloadSource[]> {
  const labelled = { labelSelector: `${BRANCH_LABEL}=${branch}` };
  const [deployment, deployments, statefulSet, statefulSets] = await Promise.all([
    readOne<V1Deployment>(target, 'deployments', branch),
    listItems<V1Deployment>(target, 'deployments', labelled),
    readOne<V1StatefulSet>(target, 'statefulsets', branch),
    listItems<V1StatefulSet>(target, 'statefulsets', labelled),
  ]);
  return [
    ...ownOf(branch, deployment, deployments).map((object) => ({ kind: 'deployment', object }) as const),
    ...ownOf(branch, statefulSet, statefulSets).map((object) => ({ kind: 'statefulset', object }) as const),
  ];
}

type Named = { metadata?: { name?: string; labels?: { [key: string]: string } } };

function ownOf<Item extends Named>(branch: string, namesake: Item | undefined, labelled: readonly Item[]) {
  const isOwn = ({ metadata }: Item) => (metadata?.labels?.[BRANCH_LABEL] ?? branch) === branch;
  const companions = labelled.filter(({ metadata }) => metadata?.name !== branch);
  return [...(namesake !== undefined && isOwn(namesake) ? [namesake] : []), ...companions];
}

/** Undefined where Kubernetes says that it does not exist. */
async function readOne<Item>(
  target: KubernetesTarget,
  resource: Resource,
  name: string,
): Promise<Item | undefined> {
  const call: KubernetesCall = { verb: 'get', resource, namespace: target.namespace, name };
  const path = `${pathOf(target, resource)}/${encodeURIComponent(name)}`;
  const answer = await send(target, call, { method: 'GET', path });
  if (isNotFound(answer.status, answer.body)) return undefined;
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, (item: Item) => item);
}

async function listItems<Item>(
  target: KubernetesTarget,
  resource: Resource,
  selectors: Selectors,
): Promise<readonly Item[]> {
  return (await list<Item>(target, resource, selectors)).items ?? [];
}

async function list<Item>(
  target: KubernetesTarget,
  resource: Resource,
  selectors: Selectors,
): Promise<List<Item>> {
  const call: KubernetesCall = { verb: 'list', resource, namespace: target.namespace };
  const query = { ...selectors, limit: String(MAX_OBJECTS) };
  const answer = await send(target, call, { method: 'GET', path: pathOf(target, resource), query });
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, (items: List<Item>) => items);
}

function pathOf({ namespace }: KubernetesTarget, resource: Resource): string {
  return `${GROUPS[resource]}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}
