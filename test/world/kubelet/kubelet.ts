import type { Pod, PodPhase } from '../kubernetes-objects.ts';
import { watchObjects } from '../watch-objects.ts';
import { branchOf } from './behaviour.ts';
import { createNode, type NodeOptions, registerNode } from './node.ts';
import { isPodReady } from './pod-status.ts';
import { createPods, type PodEntry } from './pods-of-node.ts';

/** A pod of the node, whether it runs already or not. */
export type RunningPod = {
  readonly name: string;
  readonly branch: string;
  /** As Kubernetes knows it. No traffic goes there: the port is on 127.0.0.1. */
  readonly ip: string;
  /** While its application listens. */
  readonly port: number | undefined;
  readonly phase: PodPhase;
  readonly isReady: boolean;
};

export type Kubelet = {
  readonly pods: () => readonly RunningPod[];
  /** HTTP requests and WebSockets that the branch's pods have received since the kubelet's start. */
  readonly requests: (branch: string) => number;
  /** Where on 127.0.0.1 the application of this pod listens, while it does. */
  readonly localPort: (podIp: string) => number | undefined;
  /** Calls back whenever the port of a pod opened or closed, until the returned function is called. */
  readonly onPortChange: (listener: () => void) => () => void;
  readonly stop: () => void;
};

/**
 * Starts a node with a kubelet (and the scheduler) of its own for one namespace: binds its pods, takes the time
 * that `behaviour` says, reports them as a kubelet does, and serves HTTP and WebSocket on a local port per pod.
 */
export async function startKubelet(options: NodeOptions): Promise<Kubelet> {
  const stopping = new AbortController();
  const listeners = new Set<() => void>();
  const onPortChange = () => {
    for (const listener of listeners) listener();
  };
  const node = createNode(options, { stopped: stopping.signal, onPortChange });
  await registerNode(node);
  const pods = createPods(node);
  const path = `/api/v1/namespaces/${options.namespace}/pods`;
  const watch = watchObjects<Pod>(options.api, path, pods.follow);
  return {
    pods: () => [...pods.byUid.values()].map(describePod),
    requests: node.requests.of,
    localPort: (podIp) => pods.byIp.get(podIp)?.server.port(),
    onPortChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      stopping.abort();
      watch.stop();
      for (const { run } of pods.byUid.values()) run.vanish();
    },
  };
}

function describePod({ pod, run }: PodEntry): RunningPod {
  const { phase = 'Pending', conditions = [] } = run.status();
  const { name } = pod.metadata;
  const isReady = isPodReady({ conditions });
  return { name, branch: branchOf(pod), ip: run.ip, port: run.server.port(), phase, isReady };
}
