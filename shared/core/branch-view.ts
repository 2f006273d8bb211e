import type { WorkloadRef } from './workload.ts';

/** One container of a pod, as its kubelet reports it. */
export type ContainerView = {
  readonly name: string;
  /** `sidecar`: an init container that goes on running. */
  readonly role: 'init' | 'sidecar' | 'main';
  readonly state: 'waiting' | 'running' | 'terminated';
  /** Of the state: `ContainerCreating`, `ImagePullBackOff`, `Completed`, … */
  readonly reason?: string;
  readonly message?: string;
  /** Its readiness probe passes, or it has none. */
  readonly isReady: boolean;
  readonly restarts: number;
  /** Of its last end. */
  readonly exitCode?: number;
  /** When it was started that time, epoch ms. Kubernetes tells whole seconds. */
  readonly lastStartMs?: number;
};

/** A pod that counts: of the newest ReplicaSet or revision, not ended, not being deleted. */
export type PodView = {
  readonly name: string;
  readonly isReady: boolean;
  /** Since when it is Ready, epoch ms. Kubernetes tells whole seconds. */
  readonly readySinceMs?: number;
  readonly isScheduled: boolean;
  /** The scheduler's own words, when no node takes it. */
  readonly unschedulable?: string;
  /** The kubelet is fetching an image. */
  readonly isPulling: boolean;
  readonly containers: readonly ContainerView[];
};

export type WorkloadView = {
  readonly ref: WorkloadRef;
  /** `spec.replicas` */
  readonly replicas: number;
  readonly pods: readonly PodView[];
  /** Why Kubernetes creates no pod: a quota, a LimitRange, an admission webhook. */
  readonly createFailure?: string;
};

/** Everything that Kubernetes says of a branch that somebody waits for. */
export type BranchView = {
  readonly service: 'missing' | 'with-endpoints' | 'without-selector';
  /** Endpoints that serve, are not terminating, and are on the port that a client of the Service reaches. */
  readonly servingEndpoints: number;
  /** The workload that bears the branch's name comes first. Empty: there is no such branch. */
  readonly workloads: readonly WorkloadView[];
  /** `kubernetes.io/change-cause` of the workload that bears the branch's name. */
  readonly changeCause?: string;
};

/**
 * Whether a request would find somebody home. A Service without selector has no endpoints that we could count: it is
 * reachable once each workload has a Ready pod.
 */
export function isReachable(view: BranchView): boolean {
  if (view.service === 'with-endpoints') return view.servingEndpoints > 0;
  const isUp = (workload: WorkloadView) => workload.pods.some((pod) => pod.isReady);
  return view.service === 'without-selector' && view.workloads.length > 0 && view.workloads.every(isUp);
}
