import {
  AppsV1Api,
  CoreV1Api,
  type CoreV1Event,
  DiscoveryV1Api,
  type V1Deployment,
  type V1EndpointSliceList,
  type V1Pod,
  type V1ReplicaSet,
  type V1Service,
  type V1StatefulSet,
} from '@kubernetes/client-node';
import { ask, askForOne } from './client-node-error.ts';
import { createClientNodeConfiguration } from './client-node-http.ts';
import type { KubernetesTarget } from './kubernetes-visits.ts';
import { BRANCH_LABEL } from './kubernetes-workload.ts';
import { SERVICE_LABEL } from './serving-endpoints.ts';

/** A workload as Kubernetes tells it. */
export type WorkloadSource =
  | { readonly kind: 'deployment'; readonly object: V1Deployment }
  | { readonly kind: 'statefulset'; readonly object: V1StatefulSet };

/** Reads what a branch consists of. Every call may reject with a `ClusterError`. */
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

/** More than any branch has; what is beyond would change no verdict. */
const MAX_OBJECTS = 500;
/** On GKE the dead pods of Spot nodes and evictions stay listed for days. */
const NOT_ENDED = 'status.phase!=Failed,status.phase!=Succeeded';

export function createBranchObjects({ transport, namespace }: KubernetesTarget): BranchObjects {
  const configuration = createClientNodeConfiguration(transport);
  const apps = new AppsV1Api(configuration);
  const core = new CoreV1Api(configuration);
  const discovery = new DiscoveryV1Api(configuration);
  const list = (resource: string) => ({ verb: 'list', resource, namespace }) as const;
  const page = { namespace, limit: MAX_OBJECTS };
  return {
    workloads: (branch) => readWorkloads(apps, namespace, branch),
    service: (name) =>
      askForOne({ verb: 'get', resource: 'services', namespace, name }, () =>
        core.readNamespacedService({ namespace, name }),
      ),
    slices: (branch) => {
      const request = { ...page, labelSelector: `${SERVICE_LABEL}=${branch}` };
      return ask(list('endpointslices'), () => discovery.listNamespacedEndpointSlice(request));
    },
    pods: async (labelSelector) => {
      const request = { ...page, labelSelector, fieldSelector: NOT_ENDED };
      return (await ask(list('pods'), () => core.listNamespacedPod(request))).items;
    },
    replicaSets: async (labelSelector) => {
      const request = { ...page, labelSelector };
      return (await ask(list('replicasets'), () => apps.listNamespacedReplicaSet(request))).items;
    },
    events: async (uid, reason) => {
      const ofReason = reason === undefined ? '' : `,reason=${reason}`;
      const request = { ...page, fieldSelector: `involvedObject.uid=${uid}${ofReason}` };
      return (await ask(list('events'), () => core.listNamespacedEvent(request))).items;
    },
  };
}

/** By label and by name; a label that names another branch wins over the name. */
async function readWorkloads(
  api: AppsV1Api,
  namespace: string,
  branch: string,
): Promise<readonly WorkloadSource[]> {
  const labelled = { namespace, limit: MAX_OBJECTS, labelSelector: `${BRANCH_LABEL}=${branch}` };
  const named = { namespace, name: branch };
  const one = (resource: string) => ({ verb: 'get', resource, ...named }) as const;
  const many = (resource: string) => ({ verb: 'list', resource, namespace }) as const;
  const [deployment, deployments, statefulSet, statefulSets] = await Promise.all([
    askForOne(one('deployments'), () => api.readNamespacedDeployment(named)),
    ask(many('deployments'), () => api.listNamespacedDeployment(labelled)),
    askForOne(one('statefulsets'), () => api.readNamespacedStatefulSet(named)),
    ask(many('statefulsets'), () => api.listNamespacedStatefulSet(labelled)),
  ]);
  return [
    ...ownOf(branch, deployment, deployments.items).map(
      (object) => ({ kind: 'deployment', object }) as const,
    ),
    ...ownOf(branch, statefulSet, statefulSets.items).map(
      (object) => ({ kind: 'statefulset', object }) as const,
    ),
  ];
}

type Named = { metadata?: { name?: string; labels?: { [key: string]: string } } };

function ownOf<Item extends Named>(branch: string, namesake: Item | undefined, labelled: readonly Item[]) {
  const isOwn = ({ metadata }: Item) => (metadata?.labels?.[BRANCH_LABEL] ?? branch) === branch;
  const companions = labelled.filter(({ metadata }) => metadata?.name !== branch);
  return [...(namesake !== undefined && isOwn(namesake) ? [namesake] : []), ...companions];
}
