import { createBranch } from '../../world/branch-manifests.ts';
import { type KubernetesApi, KubernetesApiError } from '../../world/kubernetes-api.ts';
import { eventually } from '../visits.ts';
import { NAMESPACE } from './privileged-world.ts';

/** What people and controllers do to the branch of a story, with an administrator's rights. */
export type Hands = {
  /** A Deployment of 2 with an HPA that wants them, and a StatefulSet; resolves when all run. */
  readonly createAll: () => Promise<void>;
  readonly annotateNamespace: (annotations: Readonly<Record<string, string | null>>) => Promise<void>;
  /** Resolves when it runs. */
  readonly runJob: () => Promise<void>;
  readonly removeJob: () => Promise<void>;
  /** The Deployment to so many, the StatefulSet to 1 or 0; resolves when they run, or nothing does. */
  readonly scale: (replicas: 0 | 2) => Promise<void>;
  readonly isTold: (reason: string) => Promise<boolean>;
  readonly isAnythingLeft: () => Promise<boolean>;
  /** What `deleteBranch` does not know of. */
  readonly removeRest: () => Promise<void>;
};

type Workload = {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly availableReplicas?: number;
  };
};

const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const AUTOSCALERS = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const POD = { restartPolicy: 'Never', containers: [{ name: 'job', image: 'registry.example/job:1' }] };

export function createHands(api: KubernetesApi, branch: string): Hands {
  const deployment = `${APPS}/deployments/${branch}`;
  const statefulSet = `${APPS}/statefulsets/${branch}-db`;
  const isAt = async (path: string, replicas: number) => {
    const { metadata, status = {} } = await api.get<Workload>(path);
    const { observedGeneration, replicas: pods = 0, availableReplicas = 0 } = status;
    return observedGeneration === metadata.generation && pods === replicas && availableReplicas === replicas;
  };
  /** A status that changes under a sweep makes it keep the branch. */
  const settle = async (replicas: 0 | 2) => {
    await eventually(() => isAt(deployment, replicas), Boolean);
    await eventually(() => isAt(statefulSet, replicas / 2), Boolean);
  };
  return {
    createAll: async () => {
      const workloads = [{ replicas: 2 }, { name: `${branch}-db`, kind: 'statefulset' }] as const;
      await createBranch(api, { namespace: NAMESPACE, name: branch, workloads });
      await autoscale(api, branch, { minReplicas: 2, maxReplicas: 3 });
      await settle(2);
    },
    annotateNamespace: (annotations) => annotateNamespace(api, annotations),
    runJob: async () => {
      const metadata = { name: `${branch}-migration`, labels: { 'dormouse/branch': branch } };
      await api.create(JOBS, { metadata, spec: { template: { spec: POD } } });
      const active = () => api.get<{ status: { active?: number } }>(`${JOBS}/${metadata.name}`);
      await eventually(active, ({ status }) => status.active === 1);
    },
    removeJob: () => api.delete(`${JOBS}/${branch}-migration?propagationPolicy=Background`),
    scale: async (replicas) => {
      await api.patch(`${deployment}/scale`, { spec: { replicas } });
      await api.patch(`${statefulSet}/scale`, { spec: { replicas: replicas / 2 } });
      await settle(replicas);
    },
    isTold: async (reason) => {
      const selector = `involvedObject.name=${branch},reason=${reason},source=dormouse`;
      const told = await api.get<{ items: readonly unknown[] }>(
        `${CORE}/events?fieldSelector=${encodeURIComponent(selector)}`,
      );
      return told.items.length === 1;
    },
    isAnythingLeft: async () => {
      const paths = [deployment, statefulSet, `${CORE}/services/${branch}`];
      return (await Promise.all(paths.map((path) => isThere(api, path)))).includes(true);
    },
    removeRest: async () => {
      await removeAutoscaler(api, branch);
      const job = `${JOBS}/${branch}-migration`;
      if (await isThere(api, job)) await api.delete(`${job}?propagationPolicy=Background`).catch(ignoreGone);
    },
  };
}

/** Gives the Deployment of a branch an HPA; without metrics it keeps to its bounds. */
export async function autoscale(
  api: KubernetesApi,
  branch: string,
  bounds: { readonly minReplicas: number; readonly maxReplicas: number },
): Promise<void> {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: branch };
  await api.create(AUTOSCALERS, { metadata: { name: branch }, spec: { scaleTargetRef, ...bounds } });
}

export async function removeAutoscaler(api: KubernetesApi, branch: string): Promise<void> {
  await api.delete(`${AUTOSCALERS}/${branch}`).catch(ignoreGone);
}

/** Sets what the branches of the namespace inherit; null takes an annotation away. */
export async function annotateNamespace(
  api: KubernetesApi,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  await api.patch(CORE, { metadata: { annotations } });
}

async function isThere(api: KubernetesApi, path: string): Promise<boolean> {
  const found = await api.get(path).catch(ignoreGone);
  return found !== undefined;
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof KubernetesApiError && error.status === 404)) throw error;
}
