import type { Workload, WorkloadKind } from '../../core/workload.ts';

/** What we read of a Deployment or StatefulSet, as JSON or as client-node's object with Dates. */
export type WorkloadObject = {
  readonly metadata?: {
    readonly name?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string | Date;
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
  };
};

type ManagedFields = {
  readonly manager?: string;
  readonly subresource?: string;
  readonly time?: string | Date;
};

/** The label that gives a workload to a branch. */
export const BRANCH_LABEL = 'dormouse/branch';

const ANNOTATION_PREFIX = 'dormouse/';

/** What it writes is nobody's edit. Most of it goes through subresources; the garbage collector's does not. */
const CONTROLLER = 'kube-controller-manager';

/**
 * Reads a workload from Kubernetes' own object. A missing `spec.replicas` is 1, Kubernetes' default.
 *
 * @throws Error when it has no name, no resourceVersion or no creation time
 */
export function workloadFrom(kind: WorkloadKind, object: WorkloadObject): Workload {
  const { metadata = {}, spec = {} } = object;
  const { name, resourceVersion, labels = {}, annotations = {} } = metadata;
  const createdMs = timeMs(metadata.creationTimestamp);
  if (!name || !resourceVersion || createdMs === undefined) {
    throw new Error(`not a ${kind}: its name, resourceVersion or creationTimestamp is missing`);
  }
  const branchLabel = labels[BRANCH_LABEL];
  return {
    kind,
    name,
    resourceVersion,
    ...(branchLabel === undefined ? {} : { branchLabel }),
    annotations: ownAnnotations(annotations),
    replicas: spec.replicas ?? 1,
    lastEditMs: lastEditMs(metadata.managedFields ?? []) ?? createdMs,
    createdMs,
    isRolloutUnfinished: isRolloutUnfinished(kind, object),
  };
}

function ownAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(ANNOTATION_PREFIX)));
}

function lastEditMs(managedFields: readonly ManagedFields[]): number | undefined {
  const edits = managedFields
    .filter((entry) => !entry.subresource && entry.manager !== CONTROLLER)
    .flatMap((entry) => timeMs(entry.time) ?? []);
  return edits.length === 0 ? undefined : Math.max(...edits);
}

function isRolloutUnfinished(kind: WorkloadKind, { metadata = {}, status = {} }: WorkloadObject): boolean {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return true;
  if (kind === 'statefulset') return status.currentRevision !== status.updateRevision;
  return (status.replicas ?? 0) > (status.updatedReplicas ?? 0);
}

function timeMs(time: string | Date | undefined): number | undefined {
  if (time === undefined) return undefined;
  const ms = new Date(time).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
