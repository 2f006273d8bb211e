import { ApiError } from '../api-error.ts';
import { isDeepEqual } from '../json-value.ts';
import { labelSelectorOf, matchesLabels } from '../label-selector.ts';
import { DEPLOYMENTS } from '../resources/deployment.ts';
import { PODS } from '../resources/pod.ts';
import { REPLICA_SETS } from '../resources/replica-set.ts';
import { keyOf, type ObjectKey, type StringMap } from '../stored-object.ts';
import type { Deployment, Pod, PodTemplate, ReplicaSet } from './controlled-objects.ts';
import {
  CONTROLLER_WRITE,
  type Controller,
  type ControllerWorld,
  controllerOf,
  controllerReference,
  ownerKeys,
} from './controller.ts';
import { deadlineMs, deploymentStatus, isComplete, type StatusMoment } from './deployment-status.ts';
import {
  DESIRED_ANNOTATION,
  MAX_ANNOTATION,
  planRollout,
  type RolloutState,
  type RolloutStep,
  rolloutLimits,
  type SetSize,
} from './plan-rollout.ts';
import { isFinished } from './pod-state.ts';
import { templateHash } from './template-hash.ts';

const HASH_LABEL = 'pod-template-hash';
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
/** What stays with the Deployment when its annotations are handed down. Source: deployment_util.go */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  DESIRED_ANNOTATION,
  MAX_ANNOTATION,
]);
const OWNER = { apiVersion: 'apps/v1', kind: 'Deployment' };
const COMPONENT = 'deployment-controller';

/** Sees to it that a Deployment's pods come from its template, by way of ReplicaSets. */
export function createDeploymentController(world: ControllerWorld): Controller {
  return {
    keysOf: (change) => {
      if (change.resource === DEPLOYMENTS) return [keyOf(change.object)];
      if (change.resource === REPLICA_SETS) return ownerKeys(change, 'Deployment');
      return change.resource === PODS && change.type === 'DELETED'
        ? grandparentKeys(world, change.object as Pod)
        : [];
    },
    reconcile: (key) => reconcile(world, key),
  };
}

/** A Deployment that recreates waits for the last old pod to be gone. */
function grandparentKeys({ registry }: ControllerWorld, pod: Pod): readonly ObjectKey[] {
  const namespace = pod.metadata.namespace ?? '';
  const name = controllerOf(pod, 'ReplicaSet')?.name ?? '';
  const set = registry.find({ resource: REPLICA_SETS, key: { namespace, name } });
  const owner = set === undefined ? undefined : controllerOf(set, 'Deployment');
  return owner === undefined ? [] : [{ namespace, name: owner.name }];
}

function reconcile(world: ControllerWorld, key: ObjectKey): number | undefined {
  const deployment = findDeployment(world, key);
  if (deployment === undefined) return undefined;
  if (deployment.metadata.deletionTimestamp !== undefined) {
    return void writeStatus(world, deployment, { isRollout: false });
  }
  const state = readState(world, deployment);
  const step = planRollout(state);
  const created = perform(world, state, step);
  if (state.newest !== undefined) handDown(world, state, state.newest);
  const isRollout = !isResize(state, step);
  writeStatus(world, deployment, { isRollout, created });
  if (step.step === 'rest') cleanUp(world, key);
  const current = findDeployment(world, key);
  return current === undefined ? undefined : deadlineMs(current, world.now());
}

function findDeployment({ registry }: ControllerWorld, key: ObjectKey): Deployment | undefined {
  return registry.find({ resource: DEPLOYMENTS, key }) as Deployment | undefined;
}

function readState({ owned }: ControllerWorld, deployment: Deployment): RolloutState {
  const sets = (owned.ownedBy(deployment.metadata.uid, REPLICA_SETS) as readonly ReplicaSet[]).toSorted(
    byAge,
  );
  const newest = sets.find((set) => isOfTemplate(set, deployment.spec.template));
  const older = sets.filter((set) => set !== newest);
  const oldPods = older.flatMap((set) => owned.ownedBy(set.metadata.uid, PODS) as readonly Pod[]);
  return { deployment, newest, older, hasOldPods: oldPods.some(({ status }) => !isFinished(status)) };
}

function byAge(left: ReplicaSet, right: ReplicaSet): number {
  const key = ({ metadata }: ReplicaSet) => `${metadata.creationTimestamp} ${metadata.name}`;
  return key(left) < key(right) ? -1 : 1;
}

function isOfTemplate({ spec }: ReplicaSet, template: PodTemplate): boolean {
  const { [HASH_LABEL]: _, ...labels } = spec.template.metadata?.labels ?? {};
  return isDeepEqual({ ...spec.template, metadata: { ...spec.template.metadata, labels } }, template);
}

/** Whether the step only follows a change of size, and says nothing of the rollout's progress. */
function isResize({ deployment, newest, older }: RolloutState, { step }: RolloutStep): boolean {
  if (deployment.spec.paused) return true;
  const sets = newest === undefined ? older : [...older, newest];
  const told = sets.filter(({ spec }) => spec.replicas > 0).map(desiredOf);
  return step === 'scale' && told.some((count) => count !== String(deployment.spec.replicas));
}

function desiredOf({ metadata }: ReplicaSet): string | undefined {
  return metadata.annotations?.[DESIRED_ANNOTATION];
}

function perform(world: ControllerWorld, state: RolloutState, step: RolloutStep): ReplicaSet | undefined {
  if (step.step === 'create') return createSet(world, state, step.replicas);
  if (step.step === 'scale') for (const size of step.sets) scaleSet(world, state.deployment, size);
  return undefined;
}

function createSet(world: ControllerWorld, state: RolloutState, replicas: number): ReplicaSet | undefined {
  const { deployment } = state;
  const draft = replicaSetDraft(state, replicas);
  try {
    const set = world.registry.create(REPLICA_SETS, draft, CONTROLLER_WRITE) as ReplicaSet;
    if (replicas > 0) recordScale(world, deployment, { set, before: 0, after: replicas });
    return set;
  } catch (error) {
    if (!(error instanceof ApiError) || error.body.reason !== 'AlreadyExists') throw error;
    return adopt(world, deployment, keyOf(draft)) ? undefined : fail(error);
  }
}

function fail(error: ApiError): never {
  throw error;
}

/** A ReplicaSet that a deletion left behind is taken back, with the pods it has. */
function adopt(world: ControllerWorld, deployment: Deployment, key: ObjectKey): boolean {
  const set = world.registry.get({ resource: REPLICA_SETS, key });
  const selector = labelSelectorOf(deployment.spec.selector) ?? [];
  const isOrphan = !set.metadata.ownerReferences?.some(({ controller }) => controller);
  if (!isOrphan || !matchesLabels(selector, set.metadata.labels)) return false;
  const ownerReferences = [...(set.metadata.ownerReferences ?? []), controllerReference(deployment, OWNER)];
  const change = () => ({ ...set, metadata: { ...set.metadata, ownerReferences } });
  world.registry.update({ resource: REPLICA_SETS, key }, change, CONTROLLER_WRITE);
  return true;
}

function replicaSetDraft({ deployment, older }: RolloutState, replicas: number) {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template);
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  const matchLabels = { ...selector.matchLabels, [HASH_LABEL]: hash };
  return {
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: {
        ...inherited(deployment),
        ...sizeAnnotations(deployment),
        ...revision(newRevision(older)),
      },
      ownerReferences: [controllerReference(deployment, OWNER)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

function inherited({ metadata }: Deployment): StringMap {
  const entries = Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.has(key));
  return Object.fromEntries(entries);
}

function sizeAnnotations(deployment: Deployment): StringMap {
  return {
    [DESIRED_ANNOTATION]: String(deployment.spec.replicas),
    [MAX_ANNOTATION]: String(rolloutLimits(deployment).maxPods),
  };
}

function revision(number: number): StringMap {
  return { [REVISION_ANNOTATION]: String(number) };
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION_ANNOTATION] ?? 0);
}

function newRevision(older: readonly ReplicaSet[]): number {
  return Math.max(0, ...older.map(revisionOf)) + 1;
}

function scaleSet(world: ControllerWorld, deployment: Deployment, { set, replicas }: SetSize): void {
  const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment) };
  const before = set.spec.replicas;
  world.registry.update(
    { resource: REPLICA_SETS, key: keyOf(set) },
    (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations },
      spec: { ...(current as ReplicaSet).spec, replicas },
    }),
    CONTROLLER_WRITE,
  );
  if (before !== replicas) recordScale(world, deployment, { set, before, after: replicas });
}

function recordScale(
  { events }: ControllerWorld,
  deployment: Deployment,
  { set, before, after }: { readonly set: ReplicaSet; readonly before: number; readonly after: number },
): void {
  const direction = after > before ? 'up' : 'down';
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${after}`;
  events(DEPLOYMENTS, deployment, {
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message,
    component: COMPONENT,
  });
}

/** The newest ReplicaSet bears the Deployment's annotations and the highest revision. */
function handDown(world: ControllerWorld, { deployment, older }: RolloutState, newest: ReplicaSet): void {
  const number = Math.max(revisionOf(newest), newRevision(older));
  const add = { ...inherited(deployment), ...revision(number) };
  world.registry.update(
    { resource: REPLICA_SETS, key: keyOf(newest) },
    (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...add } },
    }),
    CONTROLLER_WRITE,
  );
}

function writeStatus(
  world: ControllerWorld,
  { metadata }: Deployment,
  moment: Omit<StatusMoment, 'nowMs'>,
): void {
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  const deployment = findDeployment(world, key);
  if (deployment === undefined) return;
  const state = readState(world, deployment);
  const status = deploymentStatus(state, { ...moment, nowMs: world.now() });
  const number = state.newest === undefined ? {} : revision(revisionOf(state.newest));
  const annotations = { ...deployment.metadata.annotations, ...number };
  const change = () => ({ ...deployment, metadata: { ...deployment.metadata, annotations }, status });
  world.registry.update({ resource: DEPLOYMENTS, key, subresource: 'status' }, change, CONTROLLER_WRITE);
}

/** Once a rollout is over, the oldest ReplicaSets beyond the limit of history go. */
function cleanUp(world: ControllerWorld, key: ObjectKey): void {
  const deployment = findDeployment(world, key);
  if (deployment === undefined || !isComplete(deployment, deployment.status)) return;
  const idle = readState(world, deployment).older.filter(
    ({ spec, status }) => spec.replicas === 0 && status.replicas === 0,
  );
  const byRevision = idle.toSorted((left, right) => revisionOf(left) - revisionOf(right));
  const excess = Math.max(0, idle.length - deployment.spec.revisionHistoryLimit);
  for (const set of byRevision.slice(0, excess)) {
    world.registry.delete({ resource: REPLICA_SETS, key: keyOf(set) }, {});
  }
}
