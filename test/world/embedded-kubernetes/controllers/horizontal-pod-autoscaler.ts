import { notFound } from '../api-error.ts';
import { isDeepEqual } from '../json-value.ts';
import { findResourceOfKind } from '../resources/find-resource.ts';
import { HORIZONTAL_POD_AUTOSCALERS } from '../resources/horizontal-pod-autoscaler.ts';
import { keyOf, type ObjectKey, type StoredObject, timestamp } from '../stored-object.ts';
import type { Autoscaler, AutoscalerStatus, Condition } from './controlled-objects.ts';
import { CONTROLLER_WRITE, type Controller, type ControllerWorld } from './controller.ts';
import { type MetricFailure, metricFailureOf } from './metric-failure.ts';
import { planAutoscale } from './plan-autoscale.ts';

const COMPONENT = 'horizontal-pod-autoscaler';

/**
 * Keeps workloads between the bounds of their autoscaler. Nobody measures anything here, so within the bounds it
 * says that it cannot tell.
 * @param syncMs how often it looks at each
 */
export function createAutoscalerController(world: ControllerWorld, syncMs: number): Controller {
  return {
    keysOf: ({ resource, object }) => (resource === HORIZONTAL_POD_AUTOSCALERS ? [keyOf(object)] : []),
    reconcile: (key) => {
      const target = { resource: HORIZONTAL_POD_AUTOSCALERS, key };
      const autoscaler = world.registry.find(target) as Autoscaler | undefined;
      if (autoscaler === undefined) return undefined;
      writeStatus(world, autoscaler, reconcile(world, autoscaler));
      return syncMs;
    },
  };
}

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

type Outcome = {
  readonly verdicts: readonly Verdict[];
  readonly counts: Omit<AutoscalerStatus, 'conditions' | 'observedGeneration'>;
  readonly isObserved: boolean;
};

const NO_METRICS = [{ type: '' }];
const SEEN: Verdict = {
  type: 'AbleToScale',
  status: 'True',
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
};

function reconcile(world: ControllerWorld, autoscaler: Autoscaler): Outcome {
  const workload = targetOf(world, autoscaler);
  if (workload === undefined) return missing(world, autoscaler);
  const replicas = (workload as StoredObject & { spec: { replicas: number } }).spec.replicas;
  const plan = planAutoscale(autoscaler, replicas);
  if (plan.step === 'disabled') return disabled(autoscaler);
  if (plan.step === 'measure') return unmeasured(world, autoscaler, replicas);
  scale(world, autoscaler, plan.replicas);
  record(world, autoscaler, {
    type: 'Normal',
    reason: 'SuccessfulRescale',
    message: `New size: ${plan.replicas}; reason: ${plan.why}`,
  });
  return rescaled(world, autoscaler, { from: replicas, to: plan.replicas });
}

function placeOf({ metadata, spec }: Autoscaler) {
  const { apiVersion, kind, name } = spec.scaleTargetRef;
  const resource = findResourceOfKind(apiVersion, kind);
  const key: ObjectKey = { namespace: metadata.namespace ?? '', name };
  return resource?.subresources.includes('scale') ? { resource, key } : undefined;
}

function targetOf({ registry }: ControllerWorld, autoscaler: Autoscaler): StoredObject | undefined {
  const place = placeOf(autoscaler);
  return place && registry.find(place);
}

function missing(world: ControllerWorld, autoscaler: Autoscaler): Outcome {
  const place = placeOf(autoscaler);
  const { kind, name } = autoscaler.spec.scaleTargetRef;
  const why = place === undefined ? `no matches for kind "${kind}"` : notFound(place.resource, name).message;
  const { conditions: _, observedGeneration: __, ...counts } = autoscaler.status;
  record(world, autoscaler, { type: 'Warning', reason: 'FailedGetScale', message: why });
  const verdict: Verdict = {
    type: 'AbleToScale',
    status: 'False',
    reason: 'FailedGetScale',
    message: `the HPA controller was unable to get the target's current scale: ${why}`,
  };
  return { verdicts: [verdict], counts, isObserved: false };
}

function disabled({ status }: Autoscaler): Outcome {
  const verdict: Verdict = {
    type: 'ScalingActive',
    status: 'False',
    reason: 'ScalingDisabled',
    message: 'scaling is disabled since the replica count of the target is zero',
  };
  const counts = { ...lastScale(status), desiredReplicas: 0, currentMetrics: null };
  return { verdicts: [SEEN, verdict], counts, isObserved: true };
}

function unmeasured(world: ControllerWorld, autoscaler: Autoscaler, replicas: number): Outcome {
  const failure = metricFailureOf(autoscaler);
  recordFailure(world, autoscaler, failure);
  const { reason, why } = failure;
  const message = `the HPA was unable to compute the replica count: ${why}`;
  const { status } = autoscaler;
  const { desiredReplicas } = status;
  const counts = {
    ...lastScale(status),
    currentReplicas: replicas,
    desiredReplicas,
    currentMetrics: NO_METRICS,
  };
  const verdict: Verdict = { type: 'ScalingActive', status: 'False', reason, message };
  return { verdicts: [SEEN, verdict], counts, isObserved: true };
}

function recordFailure(
  world: ControllerWorld,
  autoscaler: Autoscaler,
  { reason, why, metric }: MetricFailure,
): void {
  record(world, autoscaler, { type: 'Warning', reason, message: why });
  const first = `invalid metrics (1 invalid out of 1), first error is: failed to get ${metric} metric value: ${why}`;
  record(world, autoscaler, { type: 'Warning', reason: 'FailedComputeMetricsReplicas', message: first });
}

function rescaled(
  { now }: ControllerWorld,
  { status }: Autoscaler,
  { from, to }: { from: number; to: number },
): Outcome {
  const able: Verdict = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededRescale',
    message: `the HPA controller was able to update the target scale to ${to}`,
  };
  const nonzero: Verdict = {
    type: 'ScaledToZero',
    status: 'False',
    reason: 'NotScaledToZero',
    message: 'the HPA controller did not scale the workload to zero',
  };
  const { currentMetrics } = status;
  const lastScaleTime = timestamp(now());
  const counts = { lastScaleTime, currentReplicas: from, desiredReplicas: to, currentMetrics };
  return { verdicts: [able, nonzero], counts, isObserved: true };
}

function lastScale({ lastScaleTime }: AutoscalerStatus) {
  return lastScaleTime === undefined ? {} : { lastScaleTime };
}

function scale({ registry }: ControllerWorld, autoscaler: Autoscaler, replicas: number): void {
  const place = placeOf(autoscaler);
  if (place === undefined) return;
  const resize = (current: StoredObject) => ({
    ...current,
    spec: { ...(current.spec as object), replicas },
  });
  registry.update({ ...place, subresource: 'scale' }, resize, CONTROLLER_WRITE);
}

type Facts = {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
};

function record({ events }: ControllerWorld, autoscaler: Autoscaler, facts: Facts): void {
  events(HORIZONTAL_POD_AUTOSCALERS, autoscaler, { ...facts, component: COMPONENT });
}

function writeStatus(
  { registry, now }: ControllerWorld,
  autoscaler: Autoscaler,
  { verdicts, counts, isObserved }: Outcome,
): void {
  const { generation = 1 } = autoscaler.metadata;
  const time = timestamp(now());
  const conditions = verdicts.reduce(
    (known: readonly Condition[], verdict) => withVerdict(known, verdict, time),
    autoscaler.status.conditions ?? [],
  );
  const seen = isObserved ? generation : autoscaler.status.observedGeneration;
  const observed = seen === undefined ? {} : { observedGeneration: seen };
  const status: AutoscalerStatus = { ...observed, ...counts, conditions };
  if (isDeepEqual(status, autoscaler.status)) return;
  const target = {
    resource: HORIZONTAL_POD_AUTOSCALERS,
    key: keyOf(autoscaler),
    subresource: 'status' as const,
  };
  registry.update(target, (current) => ({ ...current, status }), CONTROLLER_WRITE);
}

/** The time of a condition moves with its status alone. */
function withVerdict(known: readonly Condition[], verdict: Verdict, time: string): readonly Condition[] {
  const before = known.find(({ type }) => type === verdict.type);
  const others = known.filter((condition) => condition !== before);
  const isSame = before?.status === verdict.status;
  const lastTransitionTime = isSame ? (before.lastTransitionTime ?? time) : time;
  return [...others, { ...verdict, lastTransitionTime }];
}
