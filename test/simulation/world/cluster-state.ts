import { branchOf } from '../../../shared/core/branch.ts';
import { type Workload, type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import type { Condemned } from '../../../shared/ports.ts';
import { type Note, PEOPLE } from './fact.ts';

/** What people say of a workload; the cluster adds the rest. */
export type Manifest = Pick<Workload, 'kind' | 'name'> &
  Partial<
    Pick<Workload, 'branchLabel' | 'annotations' | 'replicas' | 'isRolloutUnfinished' | 'trackedBy'>
  > & {
    /** Another pod template than before. */
    readonly isNewTemplate?: boolean;
  };

/** The truth of Kubernetes, each method one atomic effect at the API server. */
export type ClusterState = {
  read(ref: WorkloadRef): Workload | undefined;
  readBranch(branch: string): readonly Workload[];
  list(): readonly Workload[];
  /** The list as it was then: what a watch cache or an old page shows. */
  listAsOf(ms: number): readonly Workload[];
  raise(by: string, ref: WorkloadRef, replicas: number): 'raised' | 'not-at-zero' | 'gone';
  lower(by: string, ref: WorkloadRef, resourceVersion: string): 'lowered' | 'conflict' | 'gone';
  /** `kubectl apply`: creates, or edits what the manifest names. It counts as an edit. */
  apply(manifest: Manifest): void;
  /** `kubectl scale`: the subresource, which is no edit. */
  scale(ref: WorkloadRef, replicas: number): void;
  remove(ref: WorkloadRef): void;
  /** Dormouse deletes it, on condition that it is the very object and has not moved. */
  removeCondemned(by: string, condemned: Condemned): 'removed' | 'conflict' | 'gone';
  /** A controller writes the status: nothing but the resourceVersion moves. */
  writeStatus(ref: WorkloadRef): void;
};

type Surroundings = { readonly nowMs: () => number; readonly note: Note };
type Past = { readonly atMs: number; readonly workloads: readonly Workload[] };

export function createClusterState({ nowMs, note }: Surroundings): ClusterState {
  const workloads = new Map<WorkloadRef, Workload>();
  const past: Past[] = [];
  let revision = 0;

  const remember = () => past.push({ atMs: nowMs(), workloads: [...workloads.values()] });

  function put(workload: Workload): Workload {
    revision += 1;
    const written = { ...workload, resourceVersion: `${revision}` };
    workloads.set(workloadRef(written), written);
    remember();
    return written;
  }

  function rescale(by: string, before: Workload, replicas: number): void {
    const after = put({ ...before, replicas });
    note({ fact: 'scaled', by, ref: workloadRef(after), before, after });
  }

  function drop(by: string, before: Workload): void {
    const ref = workloadRef(before);
    workloads.delete(ref);
    remember();
    note({ fact: 'changed', by, ref, before });
  }

  return {
    read: (ref) => workloads.get(ref),
    readBranch: (branch) => [...workloads.values()].filter((workload) => branchOf(workload) === branch),
    list: () => [...workloads.values()],
    listAsOf: (ms) => past.findLast(({ atMs }) => atMs <= ms)?.workloads ?? [],
    raise(by, ref, replicas) {
      const workload = workloads.get(ref);
      if (workload === undefined) return 'gone';
      if (workload.replicas !== 0) return 'not-at-zero';
      rescale(by, workload, replicas);
      return 'raised';
    },
    lower(by, ref, resourceVersion) {
      const workload = workloads.get(ref);
      if (workload === undefined) return 'gone';
      if (workload.resourceVersion !== resourceVersion) return 'conflict';
      rescale(by, workload, 0);
      return 'lowered';
    },
    apply({ isNewTemplate = false, ...manifest }) {
      const ref = workloadRef(manifest);
      const before = workloads.get(ref);
      const lastEditMs = Math.floor(nowMs() / 1_000) * 1_000;
      const old = before ?? blank(lastEditMs, `uid-${revision}`);
      const template = `${Number(old.revision) + Number(isNewTemplate)}`;
      const after = put({ ...old, ...manifest, lastEditMs, revision: template });
      note({ fact: 'changed', by: PEOPLE, ref, after, ...(before === undefined ? {} : { before }) });
    },
    scale(ref, replicas) {
      const workload = workloads.get(ref);
      if (workload !== undefined && workload.replicas !== replicas) rescale(PEOPLE, workload, replicas);
    },
    remove(ref) {
      const workload = workloads.get(ref);
      if (workload !== undefined) drop(PEOPLE, workload);
    },
    removeCondemned(by, condemned) {
      const workload = workloads.get(workloadRef(condemned));
      if (workload === undefined) return 'gone';
      const { uid, resourceVersion } = condemned;
      if (workload.uid !== uid || workload.resourceVersion !== resourceVersion) return 'conflict';
      drop(by, workload);
      return 'removed';
    },
    writeStatus(ref) {
      const workload = workloads.get(ref);
      if (workload !== undefined) put(workload);
    },
  };
}

function blank(createdMs: number, uid: string) {
  const empty = { annotations: {}, replicas: 1, isRolloutUnfinished: false, revision: '1' };
  return { ...empty, uid, resourceVersion: '0', createdMs };
}
