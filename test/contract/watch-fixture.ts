import { createBranchWatch } from '../../shared/adapters/kubernetes/branch-watch.ts';
import type { Authorize, RestRequest, RestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { judgeWake, type WakeState } from '../../shared/core/judge-wake.ts';
import type { WatchCluster } from '../../shared/ports.ts';
import { type BranchManifest, createBranch, createNamespace } from '../world/branch-manifests.ts';
import { type FaultyLink, startFaultyLink } from '../world/faulty-link/faulty-link.ts';
import { branchOf, type PodBehaviour } from '../world/kubelet/behaviour.ts';
import { type Kubelet, startKubelet } from '../world/kubelet/kubelet.ts';
import { createKubernetesApi, type KubernetesApi, type KubernetesServer } from '../world/kubernetes-api.ts';
import type { KubernetesList, Pod } from '../world/kubernetes-objects.ts';
import { bearer, connect } from './cluster-fixture.ts';

/** An API server with controllers, and the tokens of its users. */
export type WatchServer = {
  readonly admin: KubernetesServer;
  readonly tokens: {
    /** May do in `NAMESPACES` what the function `wake` may. */
    readonly dormouse: string;
    /** May do nothing. */
    readonly stranger: string;
  };
  /** Refuses every new object of the namespace by its quota, until the returned function is called. */
  readonly refuse: (namespace: string, resource: 'pods' | 'replicasets') => Promise<() => Promise<void>>;
  /** Forgets all older versions, so that no watch can begin at one. May cut all connections. */
  readonly forgetHistory: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Where the suite works, and where there is no room for pods. */
export const NAMESPACE = 'watch';
export const FULL_NAMESPACE = 'full';
export const NAMESPACES = [NAMESPACE, FULL_NAMESPACE];

export const SETTLES = { timeout: 20_000, interval: 25 };

/** A RBAC rule that the function needs beside those of the touch path. */
export const WATCH_RULES = [
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['services'], verbs: ['get'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] },
];

export type NewBranch = Omit<BranchManifest, 'namespace'> & { readonly namespace?: string };

/** What the tests hold: the adapter as the function uses it, and an administrator's hands. */
export type WatchFixture = {
  readonly server: WatchServer;
  readonly api: KubernetesApi;
  readonly watch: WatchCluster;
  /** Of the namespace without room. */
  readonly watchFull: WatchCluster;
  /** What `watch` asked Kubernetes, as paths without their query. */
  readonly asked: string[];
  readonly watchAs: (
    authorize: Authorize,
    wrap?: (transport: RestTransport) => RestTransport,
  ) => WatchCluster;
  /** The same through a proxy. */
  readonly watchThrough: (proxy: FaultyLink, authorize?: Authorize) => WatchCluster;
  readonly startProxy: () => Promise<FaultyLink>;
  /** Creates a branch whose pods behave like this. */
  readonly create: (branch: NewBranch, behaviour?: PodBehaviour) => Promise<void>;
  /** How the pods of a branch behave, or those of one image. */
  readonly behave: (branch: string, behaviour: PodBehaviour) => void;
  readonly judge: (branch: string) => Promise<WakeState>;
  readonly scale: (ref: string, replicas: number) => Promise<void>;
  readonly pods: (branch: string) => Promise<readonly Pod[]>;
  readonly stop: () => Promise<void>;
};

const BACK_OFF_MS = 100;

export async function startWatchFixture(start: () => Promise<WatchServer>): Promise<WatchFixture> {
  const server = await start();
  const api = createKubernetesApi(server.admin);
  const ending: (() => Promise<void> | void)[] = [];
  const behaviours = new Map<string, PodBehaviour>();
  const kubelets = await startKubelets(api, behaviours);
  const asked: string[] = [];
  const watchAs: WatchFixture['watchAs'] = (authorize, wrap = (transport) => transport) => {
    const transport = connect(server.admin, authorize);
    ending.push(transport.close);
    return createBranchWatch({ transport: wrap(transport), namespace: NAMESPACE });
  };
  const own = connect(server.admin, bearer(server.tokens.dormouse));
  ending.push(own.close);
  const watch = createBranchWatch({ transport: recordPaths(own, asked), namespace: NAMESPACE });
  return {
    server,
    api,
    watch,
    watchFull: createBranchWatch({ transport: own, namespace: FULL_NAMESPACE }),
    asked,
    watchAs,
    watchThrough: (proxy, authorize = bearer(server.tokens.dormouse)) => {
      const transport = connect({ url: proxy.url }, authorize);
      ending.push(transport.close);
      return createBranchWatch({ transport, namespace: NAMESPACE });
    },
    startProxy: async () => {
      const proxy = await startFaultyLink(server.admin);
      ending.push(proxy.close);
      return proxy;
    },
    ...createHands(api, behaviours),
    judge: async (branch) => judgeWake(branch, await watch.viewBranch(branch)),
    stop: async () => {
      for (const end of ending) await end();
      for (const kubelet of kubelets) kubelet.stop();
      api.close();
      await server.stop();
    },
  };
}

async function startKubelets(
  api: KubernetesApi,
  behaviours: ReadonlyMap<string, PodBehaviour>,
): Promise<readonly Kubelet[]> {
  const behaviour = (pod: Pod) =>
    behaviours.get(pod.spec.containers[0]?.image ?? '') ?? behaviours.get(branchOf(pod)) ?? {};
  for (const namespace of NAMESPACES) await createNamespace(api, namespace);
  return Promise.all(
    NAMESPACES.map((namespace) => startKubelet({ api, namespace, behaviour, backOffMs: BACK_OFF_MS })),
  );
}

function createHands(api: KubernetesApi, behaviours: Map<string, PodBehaviour>) {
  return {
    create: async ({ namespace = NAMESPACE, ...branch }: NewBranch, behaviour: PodBehaviour = {}) => {
      behaviours.set(branch.name, behaviour);
      await createBranch(api, { namespace, ...branch });
    },
    behave: (key: string, behaviour: PodBehaviour) => void behaviours.set(key, behaviour),
    scale: async (ref: string, replicas: number) => {
      await api.patch(`${workloadPath(ref)}/scale`, { spec: { replicas } });
    },
    pods: async (branch: string) => {
      const { items = [] } = await api.get<KubernetesList<Pod>>(`/api/v1/namespaces/${NAMESPACE}/pods`);
      return items.filter((pod) => branchOf(pod) === branch);
    },
  };
}

/** `deployment/web--g` as a path of `NAMESPACE`. */
export function workloadPath(ref: string, namespace = NAMESPACE): string {
  return `/apis/apps/v1/namespaces/${namespace}/${ref.replace('/', 's/')}`;
}

export function servicePath(name: string): string {
  return `/api/v1/namespaces/${NAMESPACE}/services/${name}`;
}

function recordPaths(transport: RestTransport, paths: string[]): RestTransport {
  const record = ({ path }: RestRequest) => void paths.push(path.split('?')[0]?.split('/').at(-1) ?? '');
  return {
    ...transport,
    send: (request) => {
      record(request);
      return transport.send(request);
    },
    stream: (request) => {
      record(request);
      return transport.stream(request);
    },
  };
}
