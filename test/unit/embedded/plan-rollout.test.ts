import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  Deployment,
  ReplicaSet,
} from '../../world/embedded-kubernetes/controllers/controlled-objects.ts';
import {
  DESIRED_ANNOTATION,
  MAX_ANNOTATION,
  planRollout,
  type RolloutState,
  rolloutLimits,
  sumReplicas,
} from '../../world/embedded-kubernetes/controllers/plan-rollout.ts';

describe('rolloutLimits', () => {
  test.for([
    [4, '25%', '25%', { maxPods: 5, minAvailable: 3 }],
    [1, '25%', '25%', { maxPods: 2, minAvailable: 1 }],
    [10, 0, 3, { maxPods: 10, minAvailable: 7 }],
    [0, '25%', '25%', { maxPods: 0, minAvailable: 0 }],
  ] as const)('of %i pods with %s above and %s missing', ([replicas, maxSurge, maxUnavailable, limits]) => {
    expect(rolloutLimits(deployment(replicas, { maxSurge, maxUnavailable }))).toEqual(limits);
  });

  test('let one pod be missing where neither more nor fewer were allowed', () => {
    const stuck = deployment(2, { maxSurge: 0, maxUnavailable: 0 });
    expect(rolloutLimits(stuck)).toEqual({ maxPods: 2, minAvailable: 1 });
  });
});

describe('planRollout', () => {
  test('creates the first ReplicaSet with all its pods', () => {
    expect(planRollout(state(deployment(3), undefined, []))).toEqual({ step: 'create', replicas: 3 });
  });

  test('scales the only ReplicaSet as its Deployment is', () => {
    const newest = replicaSet('new', 3, { told: 3 });
    expect(planRollout(state(deployment(0), newest, []))).toEqual({
      step: 'scale',
      sets: [{ set: newest, replicas: 0 }],
    });
  });

  test('rests when all pods are of the present template', () => {
    expect(planRollout(state(deployment(3), replicaSet('new', 3, { available: 3, told: 3 }), []))).toEqual({
      step: 'rest',
    });
  });

  test('keeps the old pods while the new one is not available', () => {
    const newest = replicaSet('new', 1, { told: 1, max: 2 });
    const old = replicaSet('old', 1, { available: 1, told: 1, max: 2 });
    expect(planRollout(state(deployment(1), newest, [old]))).toEqual({ step: 'rest' });
  });

  test('ends old pods that never served, before one that does', () => {
    const told = { told: 2, max: 3 };
    const broken = replicaSet('broken', 1, told);
    const serving = replicaSet('serving', 1, { available: 1, ...told });
    const newest = replicaSet('new', 1, told);
    const wish = deployment(2, { maxSurge: 1, maxUnavailable: 1 });
    const planned = planRollout(state(wish, newest, [broken, serving]));
    expect(planned).toEqual({ step: 'scale', sets: [{ set: broken, replicas: 0 }] });
  });

  test('reaches the wished pods from any state, never with too many and never with too few', () => {
    fc.assert(fc.property(rollout, fc.infiniteStream(fc.boolean()), expectRolloutToEnd));
  });
});

type Rollout = {
  readonly replicas: number;
  readonly limits: Limits;
  readonly sizes: readonly number[];
};
type Limits = { readonly maxSurge: number | string; readonly maxUnavailable: number | string };

const limit = fc.oneof(fc.nat(3), fc.constantFrom('0%', '25%', '50%', '100%'));
const rollout: fc.Arbitrary<Rollout> = fc.record({
  replicas: fc.nat(6),
  limits: fc.record({ maxSurge: limit, maxUnavailable: limit }),
  sizes: fc.array(fc.nat(4), { maxLength: 3 }),
});

type Sets = { readonly newest: ReplicaSet | undefined; readonly older: readonly ReplicaSet[] };

/** Pods become available whenever the coin says so; each step is checked against the limits of a rollout. */
function expectRolloutToEnd({ replicas, limits, sizes }: Rollout, coin: Iterator<boolean>): void {
  const wish = deployment(replicas, limits);
  const told = { told: replicas, max: rolloutLimits(wish).maxPods };
  const older = sizes.map((size, index) => replicaSet(`old-${index}`, size, { available: size, ...told }));
  let sets: Sets = { newest: undefined, older };
  for (let turn = 0; turn < 200; turn++) {
    const next = afterStep(wish, sets);
    expectWithinLimits(wish, sets, next);
    const isLucky = coin.next().value || turn > 100;
    sets = isLucky && next.newest ? { ...next, newest: oneMoreAvailable(next.newest) } : next;
  }
  expect(sets.older.map(({ spec }) => spec.replicas)).toEqual(sizes.map(() => 0));
  expect(sets.newest?.spec.replicas).toBe(replicas);
}

function afterStep(wish: Deployment, { newest, older }: Sets): Sets {
  const step = planRollout(state(wish, newest, older));
  if (step.step === 'create') return { newest: resized(replicaSet('new', 0), step.replicas, wish), older };
  if (step.step === 'rest') return { newest, older };
  const sized = (set: ReplicaSet) => resized(set, step.sets.find((size) => size.set === set)?.replicas, wish);
  return { newest: newest && sized(newest), older: older.map(sized) };
}

function expectWithinLimits(wish: Deployment, before: Sets, after: Sets): void {
  const { maxPods, minAvailable } = rolloutLimits(wish);
  expect(sumReplicas(allOf(after))).toBeLessThanOrEqual(Math.max(maxPods, sumReplicas(allOf(before))));
  expect(sumAvailable(allOf(after))).toBeGreaterThanOrEqual(
    Math.min(minAvailable, sumAvailable(allOf(before))),
  );
}

function allOf({ newest, older }: Sets): readonly ReplicaSet[] {
  return newest === undefined ? older : [...older, newest];
}

function sumAvailable(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0);
}

function oneMoreAvailable(set: ReplicaSet): ReplicaSet {
  const available = Math.min(set.spec.replicas, (set.status.availableReplicas ?? 0) + 1);
  return { ...set, status: { ...set.status, availableReplicas: available } };
}

function resized(set: ReplicaSet, replicas: number | undefined, wish: Deployment): ReplicaSet {
  if (replicas === undefined) return set;
  const available = Math.min(replicas, set.status.availableReplicas ?? 0);
  const { maxPods } = rolloutLimits(wish);
  return replicaSet(set.metadata.name, replicas, { available, told: wish.spec.replicas, max: maxPods });
}

function state(wish: Deployment, newest: ReplicaSet | undefined, older: readonly ReplicaSet[]): RolloutState {
  return { deployment: wish, newest, older, hasOldPods: false };
}

const template = { spec: { containers: [] } };

function metadata(name: string) {
  return { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
}

function deployment(
  replicas: number,
  limits: Limits = { maxSurge: '25%', maxUnavailable: '25%' },
): Deployment {
  return {
    metadata: metadata('web'),
    spec: {
      replicas,
      selector: {},
      template,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: limits },
    },
    status: {},
  };
}

type Facts = { readonly available?: number; readonly told?: number; readonly max?: number };

function replicaSet(name: string, replicas: number, { available = 0, told, max }: Facts = {}): ReplicaSet {
  const annotations = {
    ...(told === undefined ? {} : { [DESIRED_ANNOTATION]: String(told) }),
    ...(max === undefined ? {} : { [MAX_ANNOTATION]: String(max) }),
  };
  return {
    metadata: { ...metadata(name), annotations },
    spec: { replicas, selector: {}, template },
    status: { replicas, availableReplicas: available },
  };
}
