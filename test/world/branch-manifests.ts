import { type KubernetesApi, KubernetesApiError } from './kubernetes-api.ts';

/** One Deployment or StatefulSet of a branch. */
export type WorkloadManifest = {
  /** The branch's name by default. Another name makes it a companion, labelled `dormouse/branch`. */
  readonly name?: string;
  /** `deployment` by default. */
  readonly kind?: 'deployment' | 'statefulset';
  /** 1 by default. */
  readonly replicas?: number;
  /** Names; the first has the port. `['web']` by default. */
  readonly containers?: readonly string[];
  readonly initContainers?: readonly string[];
  /** Yes by default. */
  readonly hasReadinessProbe?: boolean;
  /** How long it goes on serving once it is told to end. */
  readonly preStopSeconds?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether it bears the label `dormouse/branch`. A companion always does. */
  readonly isLabelled?: boolean;
};

export type BranchManifest = {
  readonly namespace: string;
  /** `my-branch--g` */
  readonly name: string;
  /** A Deployment of the branch's name by default. */
  readonly workloads?: readonly WorkloadManifest[];
  /** A Service without an address of its own: its name resolves to its pods. */
  readonly isHeadless?: boolean;
};

export type BranchName = Pick<BranchManifest, 'namespace' | 'name'>;

/** What branches here listen on; a Service maps its port to it. */
const CONTAINER_PORT = 8080;
const SERVICE_PORT = 80;
const NOT_FOUND = 404;

/** Creates a branch's Service and its workloads, as a deploy does. */
export async function createBranch(api: KubernetesApi, branch: BranchManifest): Promise<void> {
  await api.create(`/api/v1/namespaces/${branch.namespace}/services`, serviceManifest(branch));
  for (const workload of branch.workloads ?? [{}]) {
    const manifest = workloadManifest(branch, workload);
    await api.create(`/apis/apps/v1/namespaces/${branch.namespace}/${pluralOf(workload)}`, manifest);
  }
}

/** Deletes a branch's Service and everything that bears its name or its label. */
export async function deleteBranch(api: KubernetesApi, { namespace, name }: BranchName): Promise<void> {
  await deleteIfThere(api, `/api/v1/namespaces/${namespace}/services/${name}`);
  for (const plural of ['deployments', 'statefulsets']) {
    const path = `/apis/apps/v1/namespaces/${namespace}/${plural}`;
    await deleteIfThere(api, `${path}/${name}`);
    const labelled = await api.get<{ items: readonly { metadata: { name: string } }[] }>(
      `${path}?labelSelector=${encodeURIComponent(`dormouse/branch=${name}`)}`,
    );
    for (const { metadata } of labelled.items) await deleteIfThere(api, `${path}/${metadata.name}`);
  }
}

/** Makes a namespace; one that is there already will do. */
export async function createNamespace(api: KubernetesApi, name: string): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await api.create('/api/v1/namespaces', namespace).catch((error: unknown) => {
    if (!(error instanceof KubernetesApiError && error.status === 409)) throw error;
  });
}

export function serviceManifest({ namespace, name, isHeadless = false }: BranchManifest) {
  // A headless Service is reached on the pod's own port.
  const port = isHeadless ? CONTAINER_PORT : SERVICE_PORT;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      selector: { app: name },
      ports: [{ name: 'http', port, targetPort: CONTAINER_PORT }],
      ...(isHeadless ? { clusterIP: 'None' } : {}),
    },
  };
}

export function workloadManifest({ namespace, name: branch }: BranchManifest, workload: WorkloadManifest) {
  const { name = branch, kind = 'deployment', replicas = 1, annotations = {} } = workload;
  const isLabelled = workload.isLabelled ?? name !== branch;
  const labels = { app: name, ...(isLabelled ? { 'dormouse/branch': branch } : {}) };
  return {
    apiVersion: 'apps/v1',
    kind: kind === 'deployment' ? 'Deployment' : 'StatefulSet',
    metadata: { name, namespace, labels, annotations },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      ...(kind === 'statefulset' ? { serviceName: branch } : {}),
      template: { metadata: { labels }, spec: podSpec(workload) },
    },
  };
}

function podSpec(workload: WorkloadManifest) {
  const { containers = ['web'], initContainers = [] } = workload;
  return {
    initContainers: initContainers.map(containerManifest),
    containers: containers.map((name, index) => ({
      ...containerManifest(name),
      ...(index === 0 ? { ports: [{ name: 'http', containerPort: CONTAINER_PORT }] } : {}),
      ...probeOf(workload),
      ...hookOf(workload),
    })),
  };
}

function containerManifest(name: string) {
  return { name, image: `registry.example/${name}:1` };
}

function probeOf({ hasReadinessProbe = true }: WorkloadManifest) {
  return hasReadinessProbe ? { readinessProbe: { httpGet: { path: '/', port: CONTAINER_PORT } } } : {};
}

function hookOf({ preStopSeconds: seconds }: WorkloadManifest) {
  return seconds === undefined ? {} : { lifecycle: { preStop: { sleep: { seconds } } } };
}

function pluralOf({ kind = 'deployment' }: WorkloadManifest): string {
  return `${kind}s`;
}

async function deleteIfThere(api: KubernetesApi, path: string): Promise<void> {
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
  await api.delete(path, options).catch((error: unknown) => {
    if (!(error instanceof KubernetesApiError && error.status === NOT_FOUND)) throw error;
  });
}
