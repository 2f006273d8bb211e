import type { Pod, StatefulSet } from './controlled-objects.ts';
import { isFinished, isReady } from './pod-state.ts';
import { ordinalOf, revisionOf } from './stateful-set-pod.ts';

export type StatefulSetState = {
  readonly set: StatefulSet;
  /** In the order of their numbers; those that terminate, too. */
  readonly pods: readonly Pod[];
  readonly currentRevision: string;
  readonly updateRevision: string;
};

export type StatefulSetStep =
  | { readonly step: 'create'; readonly ordinal: number; readonly revision: 'current' | 'update' }
  | { readonly step: 'delete'; readonly pod: Pod };

/**
 * Decides the next steps of a StatefulSet: the pods that are missing in the order of their numbers, those too many
 * in the reverse order, then those of an older template; one after the other unless it is parallel.
 * Source: pkg/controller/statefulset/stateful_set_control.go
 */
export function planStatefulSet(state: StatefulSetState): readonly StatefulSetStep[] {
  const { set } = state;
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const isOrdered = set.spec.podManagementPolicy === 'OrderedReady';
  const steps: StatefulSetStep[] = [];
  for (const planned of [...planReplicas(state), ...planSurplus(state)]) {
    if (planned !== 'wait') steps.push(planned);
    if (isOrdered) return steps;
  }
  return steps.length > 0 ? steps : planUpdate(state);
}

type Planned = StatefulSetStep | 'wait';

function planReplicas(state: StatefulSetState): readonly Planned[] {
  const { set, pods } = state;
  const known = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const ordinals = Array.from({ length: set.spec.replicas }, (_, ordinal) => ordinal);
  return ordinals.flatMap((ordinal) => planReplica(state, ordinal, known.get(ordinal)));
}

function planReplica(state: StatefulSetState, ordinal: number, pod: Pod | undefined): readonly Planned[] {
  if (pod === undefined) return [{ step: 'create', ordinal, revision: revisionFor(state, ordinal) }];
  if (isFinished(pod.status)) return [{ step: 'delete', pod }];
  return isSettled(pod) ? [] : ['wait'];
}

/** In the middle of a rollout, a pod that the rollout has not come to is made again as it was. */
function revisionFor({ set, currentRevision, updateRevision }: StatefulSetState, ordinal: number) {
  const { updateStrategy, replicas } = set.spec;
  if (currentRevision === updateRevision) return 'update';
  const { currentReplicas = 0 } = set.status;
  const partition =
    updateStrategy.type === 'RollingUpdate' ? updateStrategy.rollingUpdate.partition : replicas;
  return ordinal < Math.max(partition, currentReplicas) ? 'current' : 'update';
}

function planSurplus({ set, pods }: StatefulSetState): readonly Planned[] {
  const surplus = pods.filter((pod) => ordinalOf(pod) >= set.spec.replicas).toReversed();
  return surplus.map((pod) =>
    pod.metadata.deletionTimestamp === undefined ? { step: 'delete', pod } : 'wait',
  );
}

/** The highest pod of an older template goes, unless a higher one is not there yet. */
function planUpdate({ set, pods, updateRevision }: StatefulSetState): readonly StatefulSetStep[] {
  const { updateStrategy } = set.spec;
  if (updateStrategy.type === 'OnDelete') return [];
  const { partition } = updateStrategy.rollingUpdate;
  for (const pod of pods.filter((candidate) => ordinalOf(candidate) >= partition).toReversed()) {
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (revisionOf(pod) !== updateRevision && !isGoing) return [{ step: 'delete', pod }];
    if (!isSettled(pod)) return [];
  }
  return [];
}

function isSettled(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && pod.status.phase === 'Running' && isReady(pod);
}
