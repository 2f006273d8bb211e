import { ApiError } from '../api-error.ts';
import { isDeepEqual } from '../json-value.ts';
import { CONTROLLER_REVISIONS } from '../resources/controller-revision.ts';
import { PODS } from '../resources/pod.ts';
import { STATEFUL_SETS } from '../resources/stateful-set.ts';
import { keyOf, type ObjectKey, type StoredObject } from '../stored-object.ts';
import type { Pod, StatefulSet, StatefulSetStatus } from './controlled-objects.ts';
import {
  CONTROLLER_WRITE,
  type Controller,
  type ControllerWorld,
  controllerReference,
  ownerKeys,
} from './controller.ts';
import { planStatefulSet, type StatefulSetState, type StatefulSetStep } from './plan-stateful-set.ts';
import { isAvailable, isReady, nextAvailableMs } from './pod-state.ts';
import { ordinalOf, type Revision, revisionOf, statefulSetPod } from './stateful-set-pod.ts';
import { templateHash } from './template-hash.ts';

const COMPONENT = 'statefulset-controller';
const OWNER = { apiVersion: 'apps/v1', kind: 'StatefulSet' };

/** Sees to it that a StatefulSet has its numbered pods, of its present template. */
export function createStatefulSetController(world: ControllerWorld): Controller {
  return {
    keysOf: (change) => {
      if (change.resource === STATEFUL_SETS) return [keyOf(change.object)];
      return change.resource === PODS ? ownerKeys(change, 'StatefulSet') : [];
    },
    reconcile: (key) => reconcile(world, key),
  };
}

function reconcile(world: ControllerWorld, key: ObjectKey): number | undefined {
  const set = world.registry.find({ resource: STATEFUL_SETS, key }) as StatefulSet | undefined;
  if (set === undefined) return undefined;
  const update = keepRevision(world, set);
  const before = readState(world, set, update.name);
  const failure = perform(world, before, update);
  const after = readState(world, set, update.name);
  writeStatus(world, after);
  if (failure !== undefined) throw failure;
  return nextAvailableMs(after.pods, set.spec.minReadySeconds ?? 0, world.now());
}

/** Remembers the present template under its name. */
function keepRevision({ registry }: ControllerWorld, set: StatefulSet): Revision {
  const { namespace = '', name: setName } = set.metadata;
  const { template } = set.spec;
  const name = `${setName}-${templateHash(template)}`;
  if (registry.find({ resource: CONTROLLER_REVISIONS, key: { namespace, name } }) === undefined) {
    const ownerReferences = [controllerReference(set, OWNER)];
    const metadata = { name, namespace, labels: template.metadata?.labels, ownerReferences };
    const draft = { metadata, data: { spec: { template } }, revision: set.metadata.generation ?? 1 };
    registry.create(CONTROLLER_REVISIONS, draft, CONTROLLER_WRITE);
  }
  return { name, template };
}

function readState({ owned }: ControllerWorld, set: StatefulSet, updateRevision: string): StatefulSetState {
  const pods = owned.ownedBy(set.metadata.uid, PODS) as readonly Pod[];
  return {
    set,
    pods: pods.toSorted((left, right) => ordinalOf(left) - ordinalOf(right)),
    currentRevision: set.status.currentRevision ?? updateRevision,
    updateRevision,
  };
}

function perform(world: ControllerWorld, state: StatefulSetState, update: Revision): ApiError | undefined {
  try {
    for (const step of planStatefulSet(state)) performStep(world, state, { step, update });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

type Performed = { readonly step: StatefulSetStep; readonly update: Revision };

function performStep(world: ControllerWorld, state: StatefulSetState, { step, update }: Performed): void {
  const { set } = state;
  if (step.step === 'delete') {
    world.registry.delete({ resource: PODS, key: keyOf(step.pod) }, {});
    record(world, set, { verb: 'delete', pod: step.pod.metadata.name });
    return;
  }
  const revision = step.revision === 'update' ? update : currentRevision(world, state, update);
  const draft = statefulSetPod(set, step.ordinal, revision);
  const pod = draft.metadata.name ?? '';
  try {
    world.registry.create(PODS, draft, CONTROLLER_WRITE);
    record(world, set, { verb: 'create', pod });
  } catch (error) {
    record(world, set, { verb: 'create', pod, error });
    throw error;
  }
}

/** The template that is being replaced; the present one, where it is not known any more. */
function currentRevision({ registry }: ControllerWorld, state: StatefulSetState, update: Revision): Revision {
  const { namespace = '' } = state.set.metadata;
  const key = { namespace, name: state.currentRevision };
  const kept = registry.find({ resource: CONTROLLER_REVISIONS, key }) as KeptRevision | undefined;
  return kept === undefined ? update : { name: key.name, template: kept.data.spec.template };
}

type KeptRevision = StoredObject & { readonly data: { readonly spec: Pick<Revision, 'template'> } };

type PodEvent = { readonly verb: 'create' | 'delete'; readonly pod: string; readonly error?: unknown };

function record({ events }: ControllerWorld, set: StatefulSet, { verb, pod, error }: PodEvent): void {
  const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
  const outcome = error === undefined ? 'Successful' : 'Failed';
  const reason = `${outcome}${verb === 'create' ? 'Create' : 'Delete'}`;
  const why = error instanceof Error ? ` error: ${error.message}` : '';
  const message = error === undefined ? `${what} successful` : `${what} failed${why}`;
  const type = error === undefined ? 'Normal' : 'Warning';
  events(STATEFUL_SETS, set, { type, reason, message, component: COMPONENT });
}

function writeStatus(world: ControllerWorld, state: StatefulSetState): void {
  const { registry } = world;
  const target = { resource: STATEFUL_SETS, key: keyOf(state.set), subresource: 'status' as const };
  if (registry.find(target) === undefined) return;
  const status = completed(countStatus(state, world.now()), state.set);
  if (isDeepEqual(status, state.set.status)) return;
  registry.update(target, (current) => ({ ...current, status }), CONTROLLER_WRITE);
}

function countStatus(state: StatefulSetState, nowMs: number): StatefulSetStatus {
  const { set, pods, currentRevision: current, updateRevision } = state;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const count = (accepts: (pod: Pod) => boolean) => pods.filter(accepts).length;
  const isStaying = ({ metadata }: Pod) => metadata.deletionTimestamp === undefined;
  const ofRevision = (name: string) => count((pod) => isStaying(pod) && revisionOf(pod) === name);
  return {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: count(isReady),
    currentReplicas: ofRevision(current),
    updatedReplicas: ofRevision(updateRevision),
    currentRevision: current,
    updateRevision,
    collisionCount: 0,
    availableReplicas: count((pod) => isAvailable(pod, minReadySeconds, nowMs)),
  };
}

/** A rollout that has reached all pods makes its template the current one. Zeros are left out but for two. */
function completed(status: StatefulSetStatus, { spec }: StatefulSet): StatefulSetStatus {
  const { replicas, readyReplicas, updatedReplicas, updateRevision } = status;
  const isRolling = spec.updateStrategy.type === 'RollingUpdate';
  const isDone = isRolling && updatedReplicas === replicas && readyReplicas === replicas;
  const settled = isDone ? { currentRevision: updateRevision, currentReplicas: updatedReplicas } : {};
  const kept = ['replicas', 'availableReplicas', 'collisionCount'];
  const fields = Object.entries({ ...status, ...settled }).filter(
    ([name, value]) => value !== 0 || kept.includes(name),
  );
  return Object.fromEntries(fields) as StatefulSetStatus;
}
