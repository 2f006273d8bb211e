import type {
  CoreV1Event,
  V1Deployment,
  V1DeploymentCondition,
  V1ObjectMeta,
  V1Pod,
  V1ReplicaSet,
  V1ReplicaSetCondition,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { WorkloadSource } from './branch-objects.ts';
import { cutText } from './cut-text.ts';
import { eventTimeMs } from './event-time.ts';

/** Source: Kubernetes' Deployment and StatefulSet controllers. */
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
const REVISION_HASH_LABEL = 'controller-revision-hash';

/** Whether its controller has seen the workload as it is: what it says of an older one is not news. */
export function isObserved({ object }: WorkloadSource): boolean {
  return (object.status?.observedGeneration ?? 0) >= (object.metadata?.generation ?? 0);
}

/** The ReplicaSet of the Deployment's newest revision. */
export function newestReplicaSet(
  deployment: V1Deployment,
  replicaSets: readonly V1ReplicaSet[],
): V1ReplicaSet | undefined {
  return replicaSets
    .filter(({ metadata }) => isOwnedBy(metadata, deployment.metadata?.uid))
    .reduce<V1ReplicaSet | undefined>(
      (newest, each) => (newest === undefined || revisionOf(each) > revisionOf(newest) ? each : newest),
      undefined,
    );
}

/** The pods that tell how a Deployment fares: of its newest ReplicaSet, alive. */
export function podsOfReplicaSet(
  replicaSet: V1ReplicaSet | undefined,
  pods: readonly V1Pod[],
): readonly V1Pod[] {
  return pods.filter((pod) => isOwnedBy(pod.metadata, replicaSet?.metadata?.uid) && isAlive(pod));
}

/** The pods that tell how a StatefulSet fares: of its newest revision, alive. */
export function podsOfStatefulSet(
  { metadata, status }: V1StatefulSet,
  pods: readonly V1Pod[],
): readonly V1Pod[] {
  const isNewest = (pod: V1Pod) => pod.metadata?.labels?.[REVISION_HASH_LABEL] === status?.updateRevision;
  return pods.filter((pod) => isOwnedBy(pod.metadata, metadata?.uid) && isNewest(pod) && isAlive(pod));
}

/**
 * Why a Deployment gets no ReplicaSet. Its controller then does not say that it has seen the workload as it is.
 * Source: kubernetes 1.37, pkg/controller/deployment/sync.go, getNewReplicaSet
 */
export function rolloutFailure(source: WorkloadSource): string | undefined {
  if (source.kind !== 'deployment') return undefined;
  return messageOf(source.object.status?.conditions, ({ reason }) => reason === 'ReplicaSetCreateError');
}

/**
 * Why a ReplicaSet gets no pod. Its Deployment's `Progressing` stays True while a quota refuses them.
 * Source: kubernetes 1.37, pkg/controller/replicaset/replica_set_utils.go, calculateStatus
 */
export function replicaFailure(replicaSet: V1ReplicaSet | undefined): string | undefined {
  return messageOf(replicaSet?.status?.conditions, ({ type, status }) => {
    return type === 'ReplicaFailure' && status === 'True';
  });
}

type Condition = V1DeploymentCondition | V1ReplicaSetCondition;

function messageOf(
  conditions: readonly Condition[] | undefined,
  isMeant: (condition: Condition) => boolean,
): string | undefined {
  const message = conditions?.find(isMeant)?.message;
  return message === undefined ? undefined : cutText(message);
}

/** Why a StatefulSet gets no pod: only its events tell, and only those since it was last written to. */
export function createFailure(
  { metadata }: V1StatefulSet,
  events: readonly CoreV1Event[],
): string | undefined {
  const newest = events.reduce<CoreV1Event | undefined>(
    (best, event) => (best === undefined || eventTimeMs(event) > eventTimeMs(best) ? event : best),
    undefined,
  );
  if (newest?.message === undefined || eventTimeMs(newest) < writtenMs(metadata)) return undefined;
  return cutText(newest.message);
}

/** Scaling counts, status does not. */
function writtenMs(metadata: V1ObjectMeta | undefined): number {
  const writes = (metadata?.managedFields ?? []).filter(({ subresource }) => subresource !== 'status');
  return Math.max(0, ...writes.map(({ time }) => (time === undefined ? 0 : new Date(time).getTime())));
}

function isOwnedBy(metadata: V1ObjectMeta | undefined, uid: string | undefined): boolean {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  return uid !== undefined && owner?.uid === uid;
}

function revisionOf({ metadata }: V1ReplicaSet): number {
  return Number(metadata?.annotations?.[REVISION_ANNOTATION] ?? 0);
}

/** The list leaves ended pods out already; an answer from before the end may hold one. */
function isAlive({ metadata, status }: V1Pod): boolean {
  const hasEnded = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  return !hasEnded && !metadata?.deletionTimestamp;
}
