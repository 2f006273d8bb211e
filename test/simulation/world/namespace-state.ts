import { type Bounds, branchOf } from '../../../shared/core/branch.ts';
import type { RunningJob } from '../../../shared/core/decide-branch.ts';
import type { Notice } from '../../../shared/core/notice-of.ts';
import {
  type Annotations,
  type Workload,
  type WorkloadRef,
  workloadRef,
} from '../../../shared/core/workload.ts';
import type { ClusterState } from './cluster-state.ts';
import { type Note, PEOPLE } from './fact.ts';

/** What a namespace has besides workloads, each method one atomic effect. */
export type NamespaceState = {
  annotate(annotations: Annotations): void;
  inherited(): Annotations;
  /** Gives a workload an HPA, or takes it away. */
  bound(ref: WorkloadRef, bounds: Bounds | undefined): void;
  bounds(): ReadonlyMap<WorkloadRef, Bounds>;
  startJob(branch: string, lastsMs: number): void;
  /** Those that run. */
  jobs(): ReadonlyMap<string, readonly RunningJob[]>;
  hasService(branch: string): boolean;
  removeService(by: string, branch: string): 'removed' | 'gone';
  /** Whoever deploys a workload deploys its Service, too. */
  deployed(workload: Workload): void;
  tell(by: string, notice: Notice): void;
};

type Surroundings = {
  readonly nowMs: () => number;
  readonly note: Note;
  readonly cluster: Pick<ClusterState, 'readBranch'>;
};
type Job = RunningJob & { readonly branch: string; readonly endsMs: number };

export function createNamespaceState({ nowMs, note, cluster }: Surroundings): NamespaceState {
  let inherited: Annotations = {};
  const bounds = new Map<WorkloadRef, Bounds>();
  const jobs: Job[] = [];
  const withoutService = new Set<string>();
  const hasService = (branch: string) => cluster.readBranch(branch).length > 0 && !withoutService.has(branch);
  return {
    annotate(annotations) {
      inherited = annotations;
      note({ fact: 'namespaced', by: PEOPLE, annotations });
    },
    inherited: () => inherited,
    bound(ref, next) {
      if (next === undefined) bounds.delete(ref);
      else bounds.set(ref, next);
      note({ fact: 'bounded', by: PEOPLE, ref, ...(next === undefined ? {} : { bounds: next }) });
    },
    bounds: () => new Map(bounds),
    startJob(branch, lastsMs) {
      jobs.push({ branch, name: `job-${jobs.length}`, startedMs: nowMs(), endsMs: nowMs() + lastsMs });
    },
    jobs() {
      const running = jobs.filter(({ endsMs }) => endsMs > nowMs());
      return Map.groupBy(running, ({ branch }) => branch);
    },
    hasService,
    removeService(by, branch) {
      if (withoutService.has(branch)) return 'gone';
      withoutService.add(branch);
      note({ fact: 'service-removed', by, branch });
      return 'removed';
    },
    deployed: (workload) => void withoutService.delete(branchOf(workload) ?? ''),
    tell: (by, { about, reason }) => note({ fact: 'owner-told', by, about: workloadRef(about), reason }),
  };
}
