import { ApiError } from '../api-error.ts';
import { isDeepEqual } from '../json-value.ts';
import { labelSelectorOf, matchesLabels } from '../label-selector.ts';
import { PODS } from '../resources/pod.ts';
import { REPLICA_SETS } from '../resources/replica-set.ts';
import { keyOf, type ObjectKey, type StoredObject, timestamp } from '../stored-object.ts';
import type { Condition, Pod, ReplicaSet } from './controlled-objects.ts';
import {
  CONTROLLER_WRITE,
  type Controller,
  type ControllerWorld,
  controllerReference,
  ownerKeys,
} from './controller.ts';
import { isActive, isAvailable, isReady, isTerminating, nextAvailableMs } from './pod-state.ts';

const COMPONENT = 'replicaset-controller';
const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };

/** Sees to it that a ReplicaSet has as many pods as it asks for. */
export function createReplicaSetController(world: ControllerWorld): Controller {
  return {
    keysOf: (change) => {
      if (change.resource === REPLICA_SETS) return [keyOf(change.object)];
      return change.resource === PODS ? ownerKeys(change, 'ReplicaSet') : [];
    },
    reconcile: (key) => reconcile(world, key),
  };
}

function reconcile(world: ControllerWorld, key: ObjectKey): number | undefined {
  const set = world.registry.find({ resource: REPLICA_SETS, key }) as ReplicaSet | undefined;
  if (set === undefined) return undefined;
  const isGoing = set.metadata.deletionTimestamp !== undefined;
  const failure = isGoing ? undefined : matchCount(world, set, activePods(world, set));
  writeStatus(world, set, failure);
  if (failure !== undefined) throw failure;
  return nextAvailableMs(activePods(world, set), set.spec.minReadySeconds ?? 0, world.now());
}

function podsOf({ owned }: ControllerWorld, { metadata }: ReplicaSet): readonly Pod[] {
  return owned.ownedBy(metadata.uid, PODS) as readonly Pod[];
}

function activePods(world: ControllerWorld, set: ReplicaSet): readonly Pod[] {
  return podsOf(world, set).filter(isActive);
}

/** Creates or deletes; returns why it could not. */
function matchCount(world: ControllerWorld, set: ReplicaSet, pods: readonly Pod[]): ApiError | undefined {
  const missing = set.spec.replicas - pods.length;
  try {
    for (let count = 0; count < missing; count++) createPod(world, set);
    for (const pod of surplus(pods, -missing)) deletePod(world, set, pod);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function createPod(world: ControllerWorld, set: ReplicaSet): void {
  const { template } = set.spec;
  const { namespace = '', name } = set.metadata;
  const metadata = {
    ...template.metadata,
    generateName: `${name}-`,
    namespace,
    ownerReferences: [controllerReference(set, OWNER)],
  };
  try {
    const pod = world.registry.create(PODS, { metadata, spec: template.spec }, CONTROLLER_WRITE);
    record(world, set, { reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` });
  } catch (error) {
    const message = `Error creating: ${error instanceof Error ? error.message : error}`;
    record(world, set, { reason: 'FailedCreate', message });
    throw error;
  }
}

function deletePod({ registry, ...world }: ControllerWorld, set: ReplicaSet, pod: Pod): void {
  registry.delete({ resource: PODS, key: keyOf(pod) }, {});
  const message = `Deleted pod: ${pod.metadata.name}`;
  record({ registry, ...world }, set, { reason: 'SuccessfulDelete', message });
}

function record(
  { events }: ControllerWorld,
  set: StoredObject,
  { reason, message }: { readonly reason: string; readonly message: string },
): void {
  const type = reason.startsWith('Failed') ? 'Warning' : 'Normal';
  events(REPLICA_SETS, set, { type, reason, message, component: COMPONENT });
}

/** Those to go first have no node, do not run, are not ready, are young. Source: ActivePodsWithRanks. */
function surplus(pods: readonly Pod[], count: number): readonly Pod[] {
  if (count <= 0) return [];
  const rank = (pod: Pod) => [
    pod.spec.nodeName ? 1 : 0,
    ['Pending', 'Unknown', 'Running'].indexOf(pod.status.phase),
    isReady(pod) ? 1 : 0,
    -Date.parse(pod.metadata.creationTimestamp),
  ];
  return pods.toSorted((left, right) => compare(rank(left), rank(right))).slice(0, count);
}

function compare(left: readonly number[], right: readonly number[]): number {
  const index = left.findIndex((value, place) => value !== right[place]);
  return index < 0 ? 0 : (left[index] ?? 0) - (right[index] ?? 0);
}

function writeStatus(world: ControllerWorld, set: ReplicaSet, failure: ApiError | undefined): void {
  const current = world.registry.find({ resource: REPLICA_SETS, key: keyOf(set) }) as ReplicaSet | undefined;
  if (current === undefined) return;
  const status = statusOf(world, current, failure);
  if (isDeepEqual(status, current.status)) return;
  const target = { resource: REPLICA_SETS, key: keyOf(set), subresource: 'status' as const };
  world.registry.update(target, (object) => ({ ...object, status }), CONTROLLER_WRITE);
}

function statusOf(world: ControllerWorld, set: ReplicaSet, failure: ApiError | undefined) {
  const nowMs = world.now();
  const pods = podsOf(world, set);
  const active = pods.filter(isActive);
  const template = labelSelectorOf({ matchLabels: set.spec.template.metadata?.labels ?? {} }) ?? [];
  const count = (accepts: (pod: Pod) => boolean) => active.filter(accepts).length;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  return {
    replicas: active.length,
    ...unlessZero(
      'fullyLabeledReplicas',
      count(({ metadata }) => matchesLabels(template, metadata.labels)),
    ),
    ...unlessZero('readyReplicas', count(isReady)),
    ...unlessZero(
      'availableReplicas',
      count((pod) => isAvailable(pod, minReadySeconds, nowMs)),
    ),
    terminatingReplicas: pods.filter(isTerminating).length,
    observedGeneration: set.metadata.generation,
    ...failureCondition(set, failure, timestamp(nowMs)),
  };
}

function unlessZero(field: string, count: number): object {
  return count === 0 ? {} : { [field]: count };
}

/** Says that pods could not be created or deleted, for as long as that is so. */
function failureCondition(set: ReplicaSet, failure: ApiError | undefined, time: string) {
  if (failure === undefined) return {};
  const known = set.status.conditions?.find(({ type }) => type === 'ReplicaFailure');
  const condition: Condition = known ?? {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: time,
    reason: 'FailedCreate',
    message: failure.message,
  };
  return { conditions: [condition] };
}
