import { branchOf } from '../../../shared/core/branch.ts';
import type { BranchView, PodView, WorkloadView } from '../../../shared/core/branch-view.ts';
import { bearerOf, type Workload, type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import type { Agenda } from './agenda.ts';
import type { ClusterState } from './cluster-state.ts';
import { type Note, PEOPLE } from './fact.ts';

/** How the pods of a branch come up from now on. */
export type Start = {
  /** From the scaling on until they are Ready; Infinity: their image cannot be pulled. */
  readonly readyAfterMs: number;
  /** Ready is not listening: how much later a connection is accepted. */
  readonly listensAfterMs: number;
};

/** What becomes of replicas: the pods of a workload are Ready together, some time after it was scaled up. */
export type Pods = {
  /** Those that are starting begin anew. */
  startLike(branch: string, start: Start): void;
  /** A workload was written, created (no `before`) or removed (no `after`). */
  track(before: Workload | undefined, after: Workload | undefined): void;
  servingEndpoints(branch: string): number;
  /** A request would be answered. */
  isListening(branch: string): boolean;
  view(branch: string): BranchView;
  /** Told whenever the endpoints of a branch may have changed. */
  onEndpoints: (branch: string) => void;
};

type Started = { readonly readyMs: number; readonly listensMs: number; readonly strike: () => void };
type Surroundings = {
  readonly agenda: Agenda;
  readonly nowMs: () => number;
  readonly note: Note;
  readonly cluster: ClusterState;
};

const USUAL: Start = { readyAfterMs: 2_000, listensAfterMs: 0 };
const NEVER = Number.POSITIVE_INFINITY;

export function createPods({ agenda, nowMs, note, cluster }: Surroundings): Pods {
  const kubelet = createKubelet(agenda, nowMs);
  const told = new Map<string, number>();
  const isReady = (workload: Workload) => (kubelet.startedOf(workload)?.readyMs ?? NEVER) <= nowMs();
  const bearer = (branch: string) => bearerOf(branch, cluster.readBranch(branch));

  function announce(branch: string): void {
    const endpoints = pods.servingEndpoints(branch);
    if (endpoints === (told.get(branch) ?? 0)) return;
    told.set(branch, endpoints);
    note({ fact: 'serving', by: PEOPLE, branch, endpoints });
    pods.onEndpoints(branch);
  }

  const pods: Pods = {
    onEndpoints: () => {},
    startLike(branch, like) {
      kubelet.starts.set(branch, like);
      const starting = cluster.readBranch(branch).filter(({ replicas }) => replicas > 0);
      for (const workload of starting)
        if (!isReady(workload)) kubelet.start(branch, workload, () => announce(branch));
    },
    track(before, after) {
      const workload = after ?? before;
      const branch = workload && branchOf(workload);
      if (workload === undefined || branch === undefined) return;
      const isUp = (after?.replicas ?? 0) > 0;
      if (!isUp) kubelet.stop(workload);
      else if (kubelet.startedOf(workload) === undefined)
        kubelet.start(branch, workload, () => announce(branch));
      announce(branch);
    },
    servingEndpoints(branch) {
      const workload = bearer(branch);
      return workload !== undefined && isReady(workload) ? workload.replicas : 0;
    },
    isListening(branch) {
      const workload = bearer(branch);
      return workload !== undefined && (kubelet.startedOf(workload)?.listensMs ?? NEVER) <= nowMs();
    },
    view(branch) {
      const workloads = cluster.readBranch(branch);
      const first = bearerOf(branch, workloads);
      const ordered = [...workloads].sort((a, b) => Number(b === first) - Number(a === first));
      return {
        service: workloads.length > 0 ? 'with-endpoints' : 'missing',
        servingEndpoints: pods.servingEndpoints(branch),
        workloads: ordered.map((workload) => viewOf(workload, kubelet.startedOf(workload), nowMs())),
      };
    },
  };
  return pods;
}

/** When the pods of each workload are Ready, and when they listen. */
function createKubelet({ at }: Agenda, nowMs: () => number) {
  const starts = new Map<string, Start>();
  const started = new Map<WorkloadRef, Started>();
  const stop = (workload: Workload) => {
    const ref = workloadRef(workload);
    started.get(ref)?.strike();
    started.delete(ref);
  };
  return {
    starts,
    stop,
    startedOf: (workload: Workload) => started.get(workloadRef(workload)),
    start: (branch: string, workload: Workload, onReady: () => void) => {
      stop(workload);
      const { readyAfterMs, listensAfterMs } = starts.get(branch) ?? USUAL;
      const readyMs = nowMs() + readyAfterMs;
      const strike = readyMs === NEVER ? () => {} : at(readyMs, onReady);
      started.set(workloadRef(workload), { readyMs, listensMs: readyMs + listensAfterMs, strike });
    },
  };
}

/** Its pods are alike: one stands for all. */
function viewOf(workload: Workload, started: Started | undefined, nowMs: number): WorkloadView {
  const ref = workloadRef(workload);
  const { replicas } = workload;
  if (replicas === 0 || started === undefined) return { ref, replicas, pods: [] };
  const isReady = started.readyMs <= nowMs;
  const isHopeless = started.readyMs === NEVER;
  const role = { name: 'web', role: 'main', restarts: 0 } as const;
  const container = isHopeless
    ? ({ ...role, state: 'waiting', reason: 'ImagePullBackOff', isReady: false } as const)
    : ({ ...role, state: 'running', isReady } as const);
  const pod: PodView = {
    name: `${workload.name}-0`,
    isReady,
    isScheduled: true,
    isPulling: false,
    containers: [container],
  };
  return { ref, replicas, pods: [pod] };
}
