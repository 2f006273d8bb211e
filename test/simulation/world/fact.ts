import type { BranchRecord } from '../../../shared/core/branch-record.ts';
import type { SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import type { Workload, WorkloadRef } from '../../../shared/core/workload.ts';
import type { TouchOutcome } from '../../../shared/flows/touch.ts';

/** Who did something that no instance of Dormouse did: a deploy, `kubectl`, a controller. */
export const PEOPLE = 'people';

/** The truth at one moment, by nobody's clock but the world's. */
export type Picture = {
  readonly workloads: readonly Workload[];
  /** Those that can be read. */
  readonly records: ReadonlyMap<string, BranchRecord>;
  /** When a heartbeat last reached the store; -Infinity if none ever did. */
  readonly lastBeatMs: number;
};

/** What happened. `by` is an instance (`wake-1`), a sweep (`sweep-3`) or PEOPLE. */
export type Happening =
  /** A scale subresource was written. */
  | {
      readonly fact: 'scaled';
      readonly by: string;
      readonly ref: WorkloadRef;
      readonly before: Workload;
      readonly after: Workload;
    }
  /** People created, deployed, annotated or removed a workload. */
  | {
      readonly fact: 'changed';
      readonly by: typeof PEOPLE;
      readonly ref: WorkloadRef;
      readonly before?: Workload;
      readonly after?: Workload;
    }
  | {
      readonly fact: 'recorded';
      readonly by: string;
      readonly branch: string;
      readonly means: 'visit' | 'create' | 'update';
      readonly before?: BranchRecord;
      readonly after: BranchRecord;
    }
  /** The workloads of one branch were read, as they were at that moment. */
  | {
      readonly fact: 'looked';
      readonly by: string;
      readonly branch: string;
      readonly workloads: readonly Workload[];
    }
  /** A call failed for its caller, or told it what was not so: the network's fault, not the protocol's. */
  | {
      readonly fact: 'fault';
      readonly by: string;
      readonly system: 'cluster' | 'store';
      readonly method: string;
      readonly subject: string;
      readonly fault: string;
    }
  | {
      readonly fact: 'corrupted';
      readonly by: typeof PEOPLE;
      readonly branch: string;
      readonly isCorrupt: boolean;
    }
  | { readonly fact: 'crashed'; readonly by: string }
  | { readonly fact: 'visit-began'; readonly by: string; readonly visit: number; readonly branch: string }
  | {
      readonly fact: 'visit-ended';
      readonly by: string;
      readonly visit: number;
      readonly branch: string;
      readonly outcome?: TouchOutcome;
      readonly problem?: string;
    }
  | { readonly fact: 'sweep-began'; readonly by: string; readonly picture: Picture }
  | {
      readonly fact: 'sweep-ended';
      readonly by: string;
      readonly picture: Picture;
      readonly swept: readonly SweptBranch[];
      readonly summary?: SweepSummary;
      readonly problem?: string;
    }
  /** From here on: no faults, no visitors, no people. Only sweeps. */
  | { readonly fact: 'calm' };

export type Fact = Happening & { readonly atMs: number };
export type FactOf<Kind extends Happening['fact']> = Extract<Fact, { readonly fact: Kind }>;
export type Note = (happening: Happening) => void;
