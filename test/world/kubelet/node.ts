import type { KubernetesApi } from '../kubernetes-api.ts';
import type { Behaviour } from './behaviour.ts';
import { insist, type Link } from './status-reporter.ts';

/** What all pods of a node share. */
export type Node = Link & {
  readonly name: string;
  readonly ip: string;
  readonly behaviour: Behaviour;
  readonly timestamp: () => string;
  readonly backOffMs: number;
  readonly maxGraceMs: number;
  readonly requests: RequestCounter;
  /** Called whenever the port of a pod opens or closes. */
  readonly onPortChange: () => void;
};

export type RequestCounter = {
  readonly add: (branch: string) => void;
  readonly of: (branch: string) => number;
};

export type NodeOptions = {
  readonly api: KubernetesApi;
  /** The one whose pods it runs. */
  readonly namespace: string;
  readonly behaviour: Behaviour;
  /** For the times it reports. */
  readonly now?: () => number;
  /** First pause before another try of what failed; each is twice the one before, up to 5 minutes. 10 s by default. */
  readonly backOffMs?: number;
  /** Shortens the pods' own grace period. */
  readonly maxGraceMs?: number;
};

const BACK_OFF_MS = 10_000;
const NODE_IP = '10.0.255.1';

/** A node until `stopped`. */
export function createNode(options: NodeOptions, parts: Pick<Node, 'stopped' | 'onPortChange'>): Node {
  const { api, namespace, behaviour, now = Date.now } = options;
  return {
    ...parts,
    requests: createCounter(),
    api,
    behaviour,
    name: `node-of-${namespace}`,
    ip: NODE_IP,
    backOffMs: options.backOffMs ?? BACK_OFF_MS,
    maxGraceMs: options.maxGraceMs ?? Number.POSITIVE_INFINITY,
    timestamp: () => new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

/** Makes the node known, or Ready again after a restart. */
export async function registerNode({ api, stopped, name, ip, timestamp }: Node): Promise<void> {
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  await insist(stopped, () => api.create('/api/v1/nodes', node));
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  };
  const resources = { cpu: '64', memory: '256Gi', pods: '1000' };
  const status = {
    addresses: [{ type: 'InternalIP', address: ip }],
    capacity: resources,
    allocatable: resources,
    conditions: [{ ...ready, lastHeartbeatTime: timestamp(), lastTransitionTime: timestamp() }],
  };
  await insist(stopped, () => api.patch(`/api/v1/nodes/${name}/status`, { status }));
}

function createCounter(): RequestCounter {
  const counts = new Map<string, number>();
  const of = (branch: string) => counts.get(branch) ?? 0;
  return { of, add: (branch) => void counts.set(branch, of(branch) + 1) };
}
