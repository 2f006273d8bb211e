import type { Deployment, ReplicaSet } from './controlled-objects.ts';

/** The ReplicaSets of a Deployment: the one of its present template, and those of earlier ones, oldest first. */
export type RolloutState = {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly older: readonly ReplicaSet[];
  /** Whether pods of older templates have not ended yet. */
  readonly hasOldPods: boolean;
};

export type RolloutStep =
  | { readonly step: 'create'; readonly replicas: number }
  | { readonly step: 'scale'; readonly sets: readonly SetSize[] }
  | { readonly step: 'rest' };

export type SetSize = { readonly set: ReplicaSet; readonly replicas: number };

export const DESIRED_ANNOTATION = 'deployment.kubernetes.io/desired-replicas';
export const MAX_ANNOTATION = 'deployment.kubernetes.io/max-replicas';

/**
 * Decides the next step of a Deployment, as the deployment controller does: first the size that was asked for, then
 * the template. Source: pkg/controller/deployment, sync.go, rolling.go, recreate.go.
 */
export function planRollout(state: RolloutState): RolloutStep {
  const { deployment } = state;
  if (deployment.spec.paused || isNewSize(state)) return scaleStep(state, resize(state));
  return deployment.spec.strategy.type === 'Recreate' ? planRecreate(state) : planRolling(state);
}

/** How many pods may be above, and how many missing below, the size that was asked for. */
export function rolloutLimits({ spec }: Deployment): {
  readonly maxPods: number;
  readonly minAvailable: number;
} {
  const { replicas, strategy } = spec;
  if (strategy.type === 'Recreate' || replicas === 0) return { maxPods: replicas, minAvailable: replicas };
  const { maxSurge, maxUnavailable } = strategy.rollingUpdate;
  const surge = countOf(maxSurge, replicas, Math.ceil);
  const unavailable = countOf(maxUnavailable, replicas, Math.floor);
  // Neither above nor below would let nothing move.
  const missing = surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas);
  return { maxPods: replicas + surge, minAvailable: replicas - missing };
}

function countOf(value: number | string, total: number, round: (count: number) => number): number {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value, 10) * total) / 100);
}

/** Whether somebody has scaled: a ReplicaSet with pods was told another size when it was last touched. */
function isNewSize({ deployment, newest, older }: RolloutState): boolean {
  const sets = active(newest === undefined ? older : [...older, newest]);
  return sets.some(({ metadata }) => {
    const told = metadata.annotations?.[DESIRED_ANNOTATION];
    return told !== undefined && Number(told) !== deployment.spec.replicas;
  });
}

function active(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return sets.filter(({ spec }) => spec.replicas > 0);
}

function resize(state: RolloutState): readonly SetSize[] {
  const { deployment, newest, older } = state;
  const { replicas, strategy } = deployment.spec;
  const all = newest === undefined ? older : [...older, newest];
  const [first, second] = active(all);
  if (second === undefined) {
    const only = first ?? newest ?? older.at(-1);
    return only === undefined ? [] : [{ set: only, replicas }];
  }
  if (newest !== undefined && isSaturated(newest, replicas)) {
    return active(older).map((set) => ({ set, replicas: 0 }));
  }
  return strategy.type === 'RollingUpdate' ? resizeInProportion(deployment, active(all)) : [];
}

function isSaturated({ spec, status, metadata }: ReplicaSet, replicas: number): boolean {
  const told = Number(metadata.annotations?.[DESIRED_ANNOTATION]);
  return spec.replicas === replicas && told === replicas && (status.availableReplicas ?? 0) === replicas;
}

/** In the middle of a rollout, each ReplicaSet gets its share; the largest gets what rounding leaves. */
function resizeInProportion(deployment: Deployment, sets: readonly ReplicaSet[]): readonly SetSize[] {
  const { maxPods } = rolloutLimits(deployment);
  const total = sumReplicas(sets);
  const bySize = sets.toSorted((left, right) => right.spec.replicas - left.spec.replicas);
  let left = maxPods - total;
  const sizes = bySize.map((set) => {
    const before = Number(set.metadata.annotations?.[MAX_ANNOTATION] ?? total);
    const share = Math.round((set.spec.replicas * maxPods) / (before || 1)) - set.spec.replicas;
    const change = left > 0 ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left);
    left -= change;
    return { set, replicas: set.spec.replicas + change };
  });
  return sizes.map((size, index) =>
    index === 0 ? { ...size, replicas: Math.max(0, size.replicas + left) } : size,
  );
}

function planRecreate({ deployment, newest, older, hasOldPods }: RolloutState): RolloutStep {
  const left = active(older);
  if (left.length > 0) return { step: 'scale', sets: left.map((set) => ({ set, replicas: 0 })) };
  if (hasOldPods) return { step: 'rest' };
  const { replicas } = deployment.spec;
  if (newest === undefined) return { step: 'create', replicas };
  return scaleStep({ deployment }, [{ set: newest, replicas }]);
}

function planRolling({ deployment, newest, older }: RolloutState): RolloutStep {
  if (newest === undefined) return { step: 'create', replicas: sizeOfNewest(deployment, 0, older) };
  const replicas = sizeOfNewest(deployment, newest.spec.replicas, [...older, newest]);
  const growth = scaleStep({ deployment }, [{ set: newest, replicas }]);
  return growth.step === 'rest' ? scaleStep({ deployment }, shrinkOlder(deployment, newest, older)) : growth;
}

function sizeOfNewest({ spec, ...rest }: Deployment, replicas: number, all: readonly ReplicaSet[]): number {
  if (replicas >= spec.replicas) return spec.replicas;
  const room = rolloutLimits({ spec, ...rest }).maxPods - sumReplicas(all);
  return room <= 0 ? replicas : replicas + Math.min(room, spec.replicas - replicas);
}

/** Pods that do not serve go first and freely, then those that do, as long as enough are left. */
function shrinkOlder(
  deployment: Deployment,
  newest: ReplicaSet,
  older: readonly ReplicaSet[],
): readonly SetSize[] {
  const { minAvailable } = rolloutLimits(deployment);
  const newUnavailable = newest.spec.replicas - availableOf(newest);
  const spare = sumReplicas([...older, newest]) - minAvailable - newUnavailable;
  if (spare <= 0) return [];
  const healthy = takeAway(active(older), spare, (set) => set.spec.replicas - availableOf(set));
  const available = [...older, newest].reduce((sum, set) => sum + availableOf(set), 0);
  const sets = healthy.map(({ set, replicas }) => ({ ...set, spec: { ...set.spec, replicas } }));
  const sizes = takeAway(sets, Math.max(0, available - minAvailable), (set) => set.spec.replicas);
  return sizes.map(({ set, replicas }) => ({ set: original(older, set), replicas }));
}

function original(sets: readonly ReplicaSet[], copy: ReplicaSet): ReplicaSet {
  return sets.find(({ metadata }) => metadata.uid === copy.metadata.uid) ?? copy;
}

function takeAway(
  sets: readonly ReplicaSet[],
  count: number,
  removable: (set: ReplicaSet) => number,
): readonly SetSize[] {
  let left = count;
  return sets.map((set) => {
    const taken = Math.min(left, Math.max(0, removable(set)));
    left -= taken;
    return { set, replicas: set.spec.replicas - taken };
  });
}

function availableOf({ status }: ReplicaSet): number {
  return status.availableReplicas ?? 0;
}

export function sumReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, { spec }) => sum + spec.replicas, 0);
}

/** Sets that have their size, and were told so, need nothing. */
function scaleStep({ deployment }: Pick<RolloutState, 'deployment'>, sizes: readonly SetSize[]): RolloutStep {
  const told = String(deployment.spec.replicas);
  const sets = sizes.filter(({ set, replicas }) => {
    const isTold = replicas === 0 || set.metadata.annotations?.[DESIRED_ANNOTATION] === told;
    return set.spec.replicas !== replicas || !isTold;
  });
  return sets.length === 0 ? { step: 'rest' } : { step: 'scale', sets };
}
