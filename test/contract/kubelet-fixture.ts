import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { type BranchManifest, createBranch, createNamespace } from '../world/branch-manifests.ts';
import { branchOf, type PodBehaviour } from '../world/kubelet/behaviour.ts';
import type { Echo } from '../world/kubelet/echo-app.ts';
import { type Kubelet, startKubelet } from '../world/kubelet/kubelet.ts';
import { createKubernetesApi, type KubernetesApi, type KubernetesServer } from '../world/kubernetes-api.ts';
import type { ContainerStatus, KubernetesList, Pod, PodCondition } from '../world/kubernetes-objects.ts';
import { type ServiceNetwork, startServiceNetwork } from '../world/service-network.ts';

/** An API server with controllers, and its administrator. */
export type KubeletServer = { readonly admin: KubernetesServer; readonly stop: () => Promise<void> };

export type Answer = { readonly status: number; readonly body: string };

export type KubeletFixture = {
  readonly api: KubernetesApi;
  readonly kubelet: Kubelet;
  readonly network: ServiceNetwork;
  /** Creates a branch whose pods behave like this. */
  readonly create: (branch: NewBranch, behaviour?: PodBehaviour) => Promise<void>;
  readonly behave: (branch: string, behaviour: PodBehaviour) => void;
  readonly scale: (ref: string, replicas: number) => Promise<void>;
  readonly workload: (ref: string) => Promise<WorkloadStatus>;
  /** As Kubernetes knows them. */
  readonly pods: (branch: string) => Promise<readonly Pod[]>;
  /** A condition of the branch's only pod, once there is one. */
  readonly condition: (branch: string, type: string) => Promise<PodCondition | undefined>;
  /** Status of one container of the branch's only pod, once there is one. */
  readonly container: (branch: string, name?: string) => Promise<ContainerStatus | undefined>;
  /** Events of the branch's pods: `Warning BackOff`. */
  readonly events: (branch: string) => Promise<readonly string[]>;
  readonly urlOf: (branch: string, path?: string) => string;
  /** Asks the Service by a connection of its own. Rejects when that is refused. */
  readonly visit: (branch: string, path?: string, options?: http.RequestOptions) => Promise<Answer>;
  /** What the default application says. */
  readonly echo: (branch: string, path?: string) => Promise<Echo>;
  readonly becomesReady: (branch: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type NewBranch = Omit<BranchManifest, 'namespace'>;
type WorkloadStatus = {
  readonly status: { readonly availableReplicas?: number; readonly replicas?: number };
};
type Event = { readonly type: string; readonly reason: string; readonly involvedObject: { name: string } };

export const NAMESPACE = 'kubelet';
/** Of a test's kubelet: the first pause before another try. */
export const BACK_OFF_MS = 100;
export const MAX_GRACE_MS = 1_000;
/** A connection that nobody took. */
export const REFUSED = expect.objectContaining({ code: 'ECONNREFUSED' });
export const SETTLES = { timeout: 15_000, interval: 20 };

export async function startKubeletFixture(start: () => Promise<KubeletServer>): Promise<KubeletFixture> {
  const server = await start();
  const api = createKubernetesApi(server.admin);
  await createNamespace(api, NAMESPACE);
  const behaviours = new Map<string, PodBehaviour>();
  const kubelet = await startKubelet({
    api,
    namespace: NAMESPACE,
    behaviour: (pod) => behaviours.get(branchOf(pod)) ?? {},
    backOffMs: BACK_OFF_MS,
    maxGraceMs: MAX_GRACE_MS,
  });
  const network = await startServiceNetwork({ api, namespace: NAMESPACE, kubelet });
  const behave = (branch: string, behaviour: PodBehaviour) => void behaviours.set(branch, behaviour);
  return {
    api,
    kubelet,
    network,
    behave,
    create: async (branch, behaviour = {}) => {
      behave(branch.name, behaviour);
      await createBranch(api, { namespace: NAMESPACE, ...branch });
    },
    ...createReads(api),
    ...createVisits(network, kubelet),
    stop: async () => {
      network.stop();
      kubelet.stop();
      api.close();
      await server.stop();
    },
  };
}

function createReads(api: KubernetesApi) {
  const core = `/api/v1/namespaces/${NAMESPACE}`;
  const apps = (ref: string) => `/apis/apps/v1/namespaces/${NAMESPACE}/${ref.replace('/', 's/')}`;
  const pods = async (branch: string) => {
    const { items = [] } = await api.get<KubernetesList<Pod>>(`${core}/pods`);
    return items.filter((pod) => branchOf(pod) === branch);
  };
  return {
    pods,
    condition: async (branch: string, type: string) =>
      (await pods(branch))[0]?.status?.conditions?.find((condition) => condition.type === type),
    container: async (branch: string, name = 'web') => {
      const { containerStatuses = [], initContainerStatuses = [] } = (await pods(branch))[0]?.status ?? {};
      return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name);
    },
    events: async (branch: string) => {
      const { items = [] } = await api.get<{ items?: readonly Event[] }>(`${core}/events`);
      const ofPods = items.filter(({ involvedObject }) => involvedObject.name.startsWith(`${branch}-`));
      return ofPods.map(({ type, reason }) => `${type} ${reason}`);
    },
    workload: (ref: string) => api.get<WorkloadStatus>(apps(ref)),
    scale: async (ref: string, replicas: number) => {
      await api.patch(`${apps(ref)}/scale`, { spec: { replicas } });
    },
  };
}

function createVisits(network: ServiceNetwork, kubelet: Kubelet) {
  const urlOf = (branch: string, path = '/') => `http://${network.addressOf(branch)}:${network.port}${path}`;
  const visit = (branch: string, path?: string, options?: http.RequestOptions) =>
    ask(urlOf(branch, path), options);
  return {
    urlOf,
    visit,
    echo: async (branch: string, path?: string) => JSON.parse((await visit(branch, path)).body) as Echo,
    becomesReady: async (branch: string) => {
      const isServed = async () => {
        const pods = kubelet.pods().filter((pod) => pod.branch === branch);
        return pods.length > 0 && pods.every(({ isReady }) => isReady) && (await isOpen(urlOf(branch)));
      };
      await vi.waitUntil(isServed, SETTLES);
    },
  };
}

/** One request on a connection of its own. */
export async function ask(url: string, options: http.RequestOptions = {}, body?: string): Promise<Answer> {
  const request = http.request(url, { agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/** Whether somebody accepts a connection there; asks for nothing. */
function isOpen(url: string): Promise<boolean> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket
      .on('error', () => resolve(false))
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      });
  });
}
