import type { Bounds } from '../../../shared/core/branch.ts';
import type { RunningJob } from '../../../shared/core/decide-branch.ts';
import type { Notice } from '../../../shared/core/notice-of.ts';
import type { Annotations, WorkloadRef } from '../../../shared/core/workload.ts';

/** What happens to a namespace besides its workloads. `by` as in `Happening`. */
export type NamespaceHappening =
  /** Somebody annotates the namespace. */
  | { readonly fact: 'namespaced'; readonly by: 'people'; readonly annotations: Annotations }
  /** Somebody gives a workload an HPA, or takes it away. */
  | {
      readonly fact: 'bounded';
      readonly by: 'people';
      readonly ref: WorkloadRef;
      readonly bounds?: Bounds;
    }
  /** What an actor goes by from now on: a sweep once it was answered, an instance of `wake` at each wake. */
  | {
      readonly fact: 'surveyed';
      readonly by: string;
      readonly inherited?: Annotations;
      readonly bounds?: ReadonlyMap<WorkloadRef, Bounds>;
      readonly jobs?: ReadonlyMap<string, readonly RunningJob[]>;
    }
  | { readonly fact: 'service-removed'; readonly by: string; readonly branch: string }
  | { readonly fact: 'blindness-stamped'; readonly by: string }
  /** An Event is written. */
  | {
      readonly fact: 'owner-told';
      readonly by: string;
      readonly about: string;
      readonly reason: Notice['reason'];
    };
