import type { Annotations, GitOpsTool, Workload, WorkloadKind } from '../../core/workload.ts';
import { timeMs } from './kubernetes-time.ts';

/** What we read of a Deployment or StatefulSet, as JSON or as client-node's object with Dates. */
export type WorkloadObject = {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
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

const REVISION = 'deployment.kubernetes.io/revision';
const FLUX_LABELS = ['kustomize.toolkit.fluxcd.io/name', 'helm.toolkit.fluxcd.io/name'];

/** What it writes is nobody's edit. Most of it goes through subresources; the garbage collector's does not. */
const CONTROLLER = 'kube-controller-manager';

/**
 * Reads a workload from Kubernetes' own object. A missing `spec.replicas` is 1, Kubernetes' default.
 *
 * @throws Error when it has no name, no resourceVersion or no creation time
 */
export function workloadFrom(kind: WorkloadKind, object: WorkloadObject): Workload {
  const { metadata = {}, spec = {} } = object;
  const { name, uid = '', resourceVersion, labels = {}, annotations = {} } = metadata;
  const createdMs = timeMs(metadata.creationTimestamp);
  if (!name || !resourceVersion || createdMs === undefined) {
    throw new Error(`not a ${kind}: its name, resourceVersion or creationTimestamp is missing`);
  }
  const branchLabel = labels[BRANCH_LABEL];
  return {
    kind,
    name,
    uid,
    resourceVersion,
    ...(branchLabel === undefined ? {} : { branchLabel }),
    annotations: ownAnnotations(annotations),
    replicas: spec.replicas ?? 1,
    lastEditMs: lastEditMs(metadata.managedFields ?? []) ?? createdMs,
    createdMs,
    isRolloutUnfinished: isRolloutUnfinished(kind, object),
    ...defined({ revision: revisionOf(kind, object), trackedBy: trackerOf(object) }),
  };
}

function revisionOf(kind: WorkloadKind, { metadata, status }: WorkloadObject): string | undefined {
  return kind === 'deployment' ? metadata?.annotations?.[REVISION] : status?.updateRevision;
}

/**
 * Source: Argo CD, "Resource Tracking"; Flux, labels of the kustomize and helm controllers. The older way of Argo CD, the label
 * `app.kubernetes.io/instance`, is everybody's and tells nothing; what it last wrote does.
 */
function trackerOf({ metadata = {} }: WorkloadObject): GitOpsTool | undefined {
  const { annotations = {}, labels = {}, managedFields = [] } = metadata;
  const isWrittenBy = (manager: RegExp) => managedFields.some((entry) => manager.test(entry.manager ?? ''));
  if (annotations['argocd.argoproj.io/tracking-id'] !== undefined || isWrittenBy(/^argocd/)) return 'Argo CD';
  const isFlux = FLUX_LABELS.some((label) => labels[label] !== undefined);
  return isFlux || isWrittenBy(/^(?:kustomize|helm)-controller$/) ? 'Flux' : undefined;
}

function defined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Fields]?: NonNullable<Fields[Key]> };
}

/** Those that are addressed to Dormouse. */
export function ownAnnotations(annotations: Annotations): Annotations {
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
