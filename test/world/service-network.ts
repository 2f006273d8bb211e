import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Kubelet } from './kubelet/kubelet.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import type { EndpointSlice, Service } from './kubernetes-objects.ts';
import { isHeadless, publishedAddresses, servingAddresses } from './service-endpoints.ts';
import { createServiceListener, type ServiceListener } from './service-listener.ts';
import { type ObjectChange, watchObjects } from './watch-objects.ts';

export type ServiceNetworkOptions = {
  readonly api: KubernetesApi;
  readonly namespace: string;
  readonly kubelet: Kubelet;
  /** The TCP port of every Service; a free one by default. */
  readonly port?: number;
};

/** The cluster's Services and their names. */
export type ServiceNetwork = {
  readonly port: number;
  /** The loopback address of a Service, once it is known. It refuses connections while nobody serves there. */
  readonly addressOf: (service: string) => string | undefined;
  /** What the cluster's DNS says of a name (lower case, no trailing dot). */
  readonly resolve: (name: string) => string | undefined;
  readonly stop: () => void;
};

/**
 * Starts what kube-proxy and the cluster's DNS are: every Service of the namespace has an address of its own in
 * 127.0.0.0/8, whose port is open only while a pod of it is Ready and listens, so that a proxy is refused as in a
 * cluster. A pod that is Ready and does not listen yet gets no connection while another one does.
 * Linux only: elsewhere loopback has one address.
 * @throws Error when no address of loopback is free
 */
export async function startServiceNetwork(options: ServiceNetworkOptions): Promise<ServiceNetwork> {
  const { api, namespace, kubelet } = options;
  const subnet = await reserveSubnet(options.port ?? 0);
  const directory = createDirectory(subnet, kubelet);
  const base = `namespaces/${namespace}`;
  const watches = [
    watchObjects(api, `/api/v1/${base}/services`, directory.followService),
    watchObjects(api, `/apis/discovery.k8s.io/v1/${base}/endpointslices`, directory.followSlice),
  ];
  const unsubscribe = kubelet.onPortChange(directory.refreshAll);
  const domain = `.${namespace}.svc.cluster.local`;
  return {
    port: subnet.port,
    addressOf: directory.addressOf,
    resolve: (name) =>
      name.endsWith(domain) ? directory.addressOf(name.slice(0, -domain.length)) : undefined,
    stop: () => {
      unsubscribe();
      for (const watch of watches) watch.stop();
      directory.stop();
      subnet.lock.close();
    },
  };
}

/** One Service name: its object and slices come and go, its address stays. */
type Entry = {
  readonly address: string;
  readonly listener: ServiceListener;
  readonly slices: Map<string, EndpointSlice>;
  service: Service | undefined;
};

function createDirectory(subnet: Subnet, kubelet: Kubelet) {
  const entries = new Map<string, Entry>();
  const entryOf = (name: string): Entry => {
    const entry = entries.get(name) ?? createEntry(subnet, entries.size);
    entries.set(name, entry);
    return entry;
  };
  return {
    followService: ({ change, object }: ObjectChange<Service>) => {
      const entry = entryOf(object.metadata.name);
      entry.service = change === 'set' ? object : undefined;
      refresh(entry, kubelet);
    },
    followSlice: ({ change, object }: ObjectChange<EndpointSlice>) => {
      const { name, labels } = object.metadata;
      const entry = entryOf(labels?.['kubernetes.io/service-name'] ?? '');
      if (change === 'set') entry.slices.set(name, object);
      else entry.slices.delete(name);
      refresh(entry, kubelet);
    },
    refreshAll: () => {
      for (const entry of entries.values()) refresh(entry, kubelet);
    },
    addressOf: (service: string) => {
      const entry = entries.get(service);
      return entry !== undefined && isNamed(entry) ? entry.address : undefined;
    },
    stop: () => {
      for (const { listener } of entries.values()) listener.stop();
    },
  };
}

function createEntry({ prefix, port }: Subnet, count: number): Entry {
  const host = count + FIRST_HOST;
  const address = `${prefix}.${host >> 8}.${host & 255}`;
  return { address, listener: createServiceListener(address, port), slices: new Map(), service: undefined };
}

function refresh(entry: Entry, kubelet: Kubelet): void {
  const addresses = servingAddresses(viewOf(entry));
  entry.listener.serve(addresses.flatMap((address) => kubelet.localPort(address) ?? []));
}

/** A headless Service has a name only while somebody is there. */
function isNamed(entry: Entry): boolean {
  if (entry.service === undefined || entry.service.spec.type === 'ExternalName') return false;
  return !isHeadless(entry.service) || publishedAddresses(viewOf(entry)).length > 0;
}

function viewOf({ service, slices }: Entry) {
  return { service, slices: [...slices.values()] };
}

/** A /16 of loopback that is this world's alone while `lock` is open. */
type Subnet = { readonly prefix: string; readonly port: number; readonly lock: Server };

const FIRST_SUBNET = 1;
const LAST_SUBNET = 254;
const FIRST_HOST = 2;

/** Takes the first /16 whose address x.x.0.1 nobody listens on, and keeps listening there. */
async function reserveSubnet(port: number): Promise<Subnet> {
  for (let subnet = FIRST_SUBNET; subnet <= LAST_SUBNET; subnet += 1) {
    const prefix = `127.${subnet}`;
    const lock = createServer((socket) => socket.destroy());
    lock.listen(port, `${prefix}.0.1`);
    const outcome = await once(lock, 'listening').then(
      () => 'free' as const,
      (error: NodeJS.ErrnoException) => error,
    );
    if (outcome === 'free') return { prefix, port: (lock.address() as AddressInfo).port, lock };
    if (outcome.code !== 'EADDRINUSE') throw outcome;
  }
  throw new Error(`port ${port} is taken on every address of loopback`);
}
