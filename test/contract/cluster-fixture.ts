import { setTimeout as delay } from 'node:timers/promises';
import { createGkeCluster } from '../../shared/adapters/kubernetes/gke-cluster.ts';
import { createKubernetesVisits } from '../../shared/adapters/kubernetes/kubernetes-visits.ts';
import {
  type Authorize,
  createRestTransport,
  type RestRequest,
  type RestTransport,
} from '../../shared/adapters/rest/rest-transport.ts';
import type { WorkloadKind, WorkloadRef } from '../../shared/core/workload.ts';
import type { Cluster, VisitCluster } from '../../shared/ports.ts';
import { serviceManifest } from '../world/branch-manifests.ts';
import { createKubernetesApi, type KubernetesApi, type KubernetesServer } from '../world/kubernetes-api.ts';
import { createWireClient, type WireClient } from './wire-fixture.ts';

/** The namespace that the suite works in. */
export const NAMESPACE = 'staging';

/** The Role of the sweep where it may also delete, no more. */
export const SWEEP_RIGHTS = [
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['delete'] },
  { apiGroups: [''], resources: ['services'], verbs: ['get', 'delete'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] },
  { apiGroups: ['apps'], resources: ['deployments/scale', 'statefulsets/scale'], verbs: ['get', 'patch'] },
];

/** An API server with the namespace in it, and the tokens of its users. */
export type ContractServer = {
  /** Of somebody who may do everything. */
  readonly admin: KubernetesServer;
  readonly tokens: {
    /** May what the sweep may where it may also delete, in the namespace; nothing else. */
    readonly dormouse: string;
    /** May do nothing. */
    readonly stranger: string;
  };
  readonly stop: () => Promise<void>;
};

/** What the tests hold: the adapters as the function uses them, and an administrator's hands. */
export type ClusterFixture = {
  readonly light: VisitCluster;
  readonly full: Cluster;
  /** Requests that the adapters sent. */
  readonly requests: readonly RestRequest[];
  readonly connectAs: (authorize: Authorize) => { light: VisitCluster; full: Cluster };
  /** As the function would see another namespace. */
  readonly fullOf: (namespace: string) => Cluster;
  readonly admin: KubernetesApi;
  /** The administrator's, with the answers as they come. */
  readonly wire: WireClient;
  readonly tokens: ContractServer['tokens'];
  readonly create: (ref: WorkloadRef, shape?: WorkloadShape) => Promise<void>;
  readonly createService: (name: string) => Promise<void>;
  readonly read: (ref: WorkloadRef) => Promise<WorkloadJson>;
  readonly patch: (ref: WorkloadRef, patch: object, subresource?: '/status') => Promise<void>;
  readonly remove: (ref: WorkloadRef) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type WorkloadShape = {
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type WorkloadJson = {
  readonly metadata: { readonly generation: number; readonly [field: string]: unknown };
  readonly spec: { readonly replicas: number; readonly [field: string]: unknown };
  readonly status: { readonly observedGeneration?: number; readonly replicas?: number };
};

/** Small, so that a handful of workloads is a list of several pages. */
export const PAGE_SIZE = 3;

const SETTLES_WITHIN_MS = 20_000;
const POLL_MS = 50;

export async function startClusterFixture(start: () => Promise<ContractServer>): Promise<ClusterFixture> {
  const server = await start();
  const api = createKubernetesApi(server.admin);
  const requests: RestRequest[] = [];
  const transports: RestTransport[] = [];
  const connectAs = (authorize: Authorize) => {
    const transport = recordRequests(connect(server.admin, authorize), requests);
    transports.push(transport);
    return createAdapters(transport);
  };
  return {
    ...connectAs(bearer(server.tokens.dormouse)),
    requests,
    connectAs,
    fullOf: (namespace) => {
      const transport = connect(server.admin, bearer(server.tokens.dormouse));
      transports.push(transport);
      return createAdapters(transport, namespace).full;
    },
    admin: api,
    wire: createWireClient(server.admin),
    tokens: server.tokens,
    create: async (ref, shape = {}) => void (await api.create(collectionOf(ref), manifest(ref, shape))),
    createService: async (name) => {
      const service = serviceManifest({ namespace: NAMESPACE, name });
      await api.create(`/api/v1/namespaces/${NAMESPACE}/services`, service);
    },
    read: (ref) => api.get(pathOf(ref)),
    patch: async (ref, patch, subresource = undefined) =>
      void (await api.patch(`${pathOf(ref)}${subresource ?? ''}`, patch)),
    remove: (ref) => api.delete(pathOf(ref)),
    stop: async () => {
      for (const transport of transports) transport.close();
      api.close();
      await server.stop();
    },
  };
}

/** The adapters as the function builds them, but for the size of a page. */
export function createAdapters(
  transport: RestTransport,
  namespace = NAMESPACE,
): { light: VisitCluster; full: Cluster } {
  const target = { transport, namespace, pageSize: PAGE_SIZE };
  return {
    light: createKubernetesVisits(target),
    full: createGkeCluster(target),
  };
}

export function connect(server: KubernetesServer, authorize: Authorize): RestTransport {
  const tls = server.ca === undefined ? undefined : { ca: server.ca };
  return createRestTransport({ baseUrl: server.url, authorize, tls, now: Date.now, random: Math.random });
}

export function bearer(token: string): Authorize {
  return async () => ({ authorization: `Bearer ${token}` });
}

/** Polls until the condition holds. @throws Error when it does not within 20 s */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const endsAtMs = performance.now() + SETTLES_WITHIN_MS;
  while (performance.now() < endsAtMs) {
    if (await holds()) return;
    await delay(POLL_MS);
  }
  throw new Error(`not within ${SETTLES_WITHIN_MS} ms: ${what}`);
}

function recordRequests(transport: RestTransport, requests: RestRequest[]): RestTransport {
  return {
    ...transport,
    send: (request) => {
      requests.push(request);
      return transport.send(request);
    },
  };
}

function collectionOf(ref: WorkloadRef): string {
  return `/apis/apps/v1/namespaces/${NAMESPACE}/${kindOf(ref)}s`;
}

export function pathOf(ref: WorkloadRef): string {
  return `${collectionOf(ref)}/${nameOf(ref)}`;
}

function kindOf(ref: WorkloadRef): WorkloadKind {
  return ref.startsWith('deployment/') ? 'deployment' : 'statefulset';
}

function nameOf(ref: WorkloadRef): string {
  return ref.slice(ref.indexOf('/') + 1);
}

export function manifest(
  ref: WorkloadRef,
  { replicas, labels = {}, annotations = {} }: WorkloadShape,
): object {
  const isDeployment = kindOf(ref) === 'deployment';
  const selected = { app: nameOf(ref) };
  const containers = [{ name: 'app', image: 'registry.example/app:1' }];
  return {
    apiVersion: 'apps/v1',
    kind: isDeployment ? 'Deployment' : 'StatefulSet',
    metadata: { name: nameOf(ref), labels, annotations },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      ...(isDeployment ? {} : { serviceName: nameOf(ref) }),
      selector: { matchLabels: selected },
      template: { metadata: { labels: selected }, spec: { containers } },
    },
  };
}
