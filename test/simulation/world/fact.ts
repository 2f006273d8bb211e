import type { BranchRecord, Heartbeat } from '../../../shared/core/branch-record.ts';
import type { Visitor } from '../../../shared/core/decide-hold.ts';
import type { SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import type { Annotations, Workload, WorkloadRef } from '../../../shared/core/workload.ts';
import type { HoldOutcome } from '../../../shared/flows/hold.ts';
import type { TouchOutcome } from '../../../shared/flows/touch.ts';
import type { NamespaceHappening } from './namespace-fact.ts';

/** Who did something that no instance of Dormouse did: a deploy, `kubectl`, a controller. */
export const PEOPLE = 'people';

/** The truth at one moment, by nobody's clock but the world's. */
export type Picture = {
  readonly workloads: readonly Workload[];
  /** Those that can be read. */
  readonly records: ReadonlyMap<string, BranchRecord>;
  readonly heartbeats: readonly Heartbeat[];
  /** The namespace's annotations. */
  readonly inherited: Annotations;
};

/** How Dormouse is configured: `DORMOUSE_MODE`. */
export type Mode = 'on' | 'off' | 'dry-run';

/** What happened. `by` is an instance (`wake-1`), a sweep (`sweep-3`) or PEOPLE. */
export type Happening =
  | NamespaceHappening
  /** A scale subresource was written. */
  | {
      readonly fact: 'scaled';
      readonly by: string;
      readonly ref: WorkloadRef;
      readonly before: Workload;
      readonly after: Workload;
    }
  /** People created, deployed, annotated or removed a workload, or a sweep deleted it. */
  | {
      readonly fact: 'changed';
      readonly by: string;
      readonly ref: WorkloadRef;
      readonly before?: Workload;
      readonly after?: Workload;
    }
  | {
      readonly fact: 'recorded';
      readonly by: string;
      readonly branch: string;
      readonly means: 'visit' | 'create' | 'update' | 'background';
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
  /** The record of a branch that has been gone for long is deleted. */
  | {
      readonly fact: 'expired';
      readonly by: typeof PEOPLE;
      readonly branch: string;
      readonly before: BranchRecord;
    }
  /** An instance of `wake` starts; one of its name is no more. */
  | { readonly fact: 'booted'; readonly by: string; readonly mode: Mode; readonly skewMs: number }
  | { readonly fact: 'crashed'; readonly by: string }
  /** The endpoints of a branch that serve, from now on. */
  | {
      readonly fact: 'serving';
      readonly by: typeof PEOPLE;
      readonly branch: string;
      readonly endpoints: number;
    }
  /** An instance asks Kubernetes how many serve, by a reading or by a watch. */
  | { readonly fact: 'asked'; readonly by: string; readonly branch: string; readonly asking: number }
  /** It hears how many serve: once of a reading, now and then of a watch. */
  | {
      readonly fact: 'told';
      readonly by: string;
      readonly branch: string;
      readonly asking: number;
      readonly endpoints: number;
    }
  | {
      readonly fact: 'hold-began';
      readonly by: string;
      readonly hold: number;
      readonly branch: string;
      readonly visitor: Visitor;
    }
  /** `again`: its instance ends, and another one goes on. */
  | {
      readonly fact: 'hold-ended';
      readonly by: string;
      readonly hold: number;
      readonly branch: string;
      readonly outcome: Pick<HoldOutcome, 'answer' | 'reason'> | { readonly answer: 'again' };
    }
  | {
      readonly fact: 'request-began';
      readonly by: 'nginx';
      readonly request: number;
      readonly branch: string;
      readonly isNavigation: boolean;
    }
  /** `down`: nginx's own 503. */
  | {
      readonly fact: 'request-ended';
      readonly by: 'nginx';
      readonly request: number;
      readonly branch: string;
      readonly end: 'served' | 'page' | 'down' | 'left';
    }
  | {
      readonly fact: 'visit-began';
      readonly by: string;
      readonly visit: number;
      readonly branch: string;
      readonly isBackground?: boolean;
    }
  | {
      readonly fact: 'visit-ended';
      readonly by: string;
      readonly visit: number;
      readonly branch: string;
      readonly isBackground?: boolean;
      readonly outcome?: TouchOutcome;
      readonly problem?: string;
    }
  /** In the mode `dry-run`, or asked for one. */
  | {
      readonly fact: 'sweep-began';
      readonly by: string;
      readonly picture: Picture;
      readonly mode: Mode;
      readonly mayDelete?: boolean;
    }
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
