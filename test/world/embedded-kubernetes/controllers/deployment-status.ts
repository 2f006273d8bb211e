import { timestamp } from '../stored-object.ts';
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from './controlled-objects.ts';
import { type RolloutState, rolloutLimits, sumReplicas } from './plan-rollout.ts';

/** What was just done, where the conditions tell it. */
export type StatusMoment = {
  readonly nowMs: number;
  /** A pure change of size says nothing about progress. Source: syncDeploymentStatus against syncRolloutStatus. */
  readonly isRollout: boolean;
  /** The ReplicaSet that was created in this step. */
  readonly created?: ReplicaSet | undefined;
};

/** What the status of a Deployment becomes. */
export function deploymentStatus(state: RolloutState, moment: StatusMoment): DeploymentStatus {
  const { deployment } = state;
  const counts = countReplicas(state);
  const known = withPause(withCreated(deployment.status.conditions ?? [], moment), deployment, moment.nowMs);
  const available = setCondition(known, availability(deployment, counts, moment.nowMs));
  const progressing = moment.isRollout
    ? withProgress(state, { counts, conditions: available, moment })
    : available;
  const conditions = moment.isRollout ? withFailure(progressing, state) : progressing;
  const status = { ...counts, conditions: conditions.length === 0 ? undefined : conditions };
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

/** Until the deadline of progress, in ms; `undefined` where none runs. */
export function deadlineMs({ spec, status }: Deployment, nowMs: number): number | undefined {
  const progress = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progress === undefined || progress.status === 'False' || progress.reason === COMPLETE) return undefined;
  const endMs = Date.parse(progress.lastUpdateTime ?? '') + spec.progressDeadlineSeconds * 1000;
  return Math.max(1_000, endMs + 1_000 - nowMs);
}

const COMPLETE = 'NewReplicaSetAvailable';

function countReplicas({ deployment, newest, older }: RolloutState): DeploymentStatus {
  const all = newest === undefined ? older : [...older, newest];
  const sum = (read: (set: ReplicaSet) => number | undefined) =>
    all.reduce((total, set) => total + (read(set) ?? 0), 0);
  const available = sum(({ status }) => status.availableReplicas);
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: unlessZero(sum(({ status }) => status.replicas)),
    updatedReplicas: unlessZero(newest?.status.replicas ?? 0),
    readyReplicas: unlessZero(sum(({ status }) => status.readyReplicas)),
    availableReplicas: unlessZero(available),
    unavailableReplicas: unlessZero(Math.max(0, sumReplicas(all) - available)),
    terminatingReplicas: sum(({ status }) => status.terminatingReplicas),
  };
}

function unlessZero(count: number): number | undefined {
  return count === 0 ? undefined : count;
}

function availability(deployment: Deployment, { availableReplicas = 0 }: DeploymentStatus, nowMs: number) {
  return availableReplicas >= rolloutLimits(deployment).minAvailable
    ? condition('Available', 'True', {
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
        nowMs,
      })
    : condition('Available', 'False', {
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
        nowMs,
      });
}

function condition(
  type: string,
  status: Condition['status'],
  { reason, message, nowMs }: { readonly reason: string; readonly message: string; readonly nowMs: number },
): Condition {
  const time = timestamp(nowMs);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

/** Puts a condition at the end, unless it says what is known already. */
function setCondition(conditions: readonly Condition[], next: Condition): readonly Condition[] {
  const known = conditions.find(({ type }) => type === next.type);
  if (known?.status === next.status && known.reason === next.reason) return conditions;
  return replaceCondition(conditions, next);
}

function replaceCondition(conditions: readonly Condition[], next: Condition): readonly Condition[] {
  const known = conditions.find(({ type }) => type === next.type);
  const since = known?.status === next.status ? known.lastTransitionTime : next.lastTransitionTime;
  const dated = since === undefined ? next : { ...next, lastTransitionTime: since };
  return [...conditions.filter(({ type }) => type !== next.type), dated];
}

function withCreated(
  conditions: readonly Condition[],
  { created, nowMs }: StatusMoment,
): readonly Condition[] {
  if (created === undefined) return conditions;
  const message = `Created new replica set "${created.metadata.name}"`;
  return setCondition(
    conditions,
    condition('Progressing', 'True', { reason: 'NewReplicaSetCreated', message, nowMs }),
  );
}

function withPause(
  conditions: readonly Condition[],
  { spec }: Deployment,
  nowMs: number,
): readonly Condition[] {
  const reason = conditions.find(({ type }) => type === 'Progressing')?.reason;
  if (reason === 'ProgressDeadlineExceeded') return conditions;
  const say = (next: string, message: string) =>
    setCondition(conditions, condition('Progressing', 'Unknown', { reason: next, message, nowMs }));
  if (spec.paused) return say('DeploymentPaused', 'Deployment is paused');
  return reason === 'DeploymentPaused' ? say('DeploymentResumed', 'Deployment is resumed') : conditions;
}

type Progress = {
  readonly counts: DeploymentStatus;
  readonly conditions: readonly Condition[];
  readonly moment: StatusMoment;
};

function withProgress(state: RolloutState, { counts, conditions, moment }: Progress): readonly Condition[] {
  const { deployment, newest } = state;
  const { nowMs } = moment;
  const known = conditions.find(({ type }) => type === 'Progressing');
  if ((counts.replicas ?? 0) === (counts.updatedReplicas ?? 0) && known?.reason === COMPLETE)
    return conditions;
  const name = newest === undefined ? deployment.metadata.name : newest.metadata.name;
  const subject = `${newest === undefined ? 'Deployment' : 'ReplicaSet'} "${name}"`;
  const say = (status: Condition['status'], reason: string, message: string) =>
    condition('Progressing', status, { reason, message: `${subject} ${message}`, nowMs });
  if (isComplete(deployment, counts)) {
    return setCondition(conditions, say('True', COMPLETE, 'has successfully progressed.'));
  }
  if (isProgress(deployment.status, counts)) {
    return replaceCondition(conditions, say('True', 'ReplicaSetUpdated', 'is progressing.'));
  }
  return isOverdue(deployment, known, nowMs)
    ? setCondition(conditions, say('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'))
    : conditions;
}

export function isComplete({ spec, metadata }: Deployment, counts: DeploymentStatus): boolean {
  const { replicas } = spec;
  const { updatedReplicas = 0, replicas: all = 0, availableReplicas = 0, observedGeneration = 0 } = counts;
  const isObserved = observedGeneration >= (metadata.generation ?? 0);
  return isObserved && updatedReplicas === replicas && all === replicas && availableReplicas === replicas;
}

function isProgress(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isOverdue({ spec }: Deployment, known: Condition | undefined, nowMs: number): boolean {
  if (known === undefined || known.reason === COMPLETE) return false;
  return nowMs > Date.parse(known.lastUpdateTime ?? '') + spec.progressDeadlineSeconds * 1000;
}

function withFailure(conditions: readonly Condition[], { newest }: RolloutState): readonly Condition[] {
  const failure = newest?.status.conditions?.find(({ type }) => type === 'ReplicaFailure');
  if (failure === undefined) return conditions.filter(({ type }) => type !== 'ReplicaFailure');
  const lastUpdateTime = failure.lastTransitionTime ?? '';
  return setCondition(conditions, { ...failure, lastUpdateTime, lastTransitionTime: lastUpdateTime });
}
