import type { CoreV1Event, V1Deployment, V1ReplicaSet, V1StatefulSet } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import {
  createFailure,
  isObserved,
  newestReplicaSet,
  podsOfReplicaSet,
  podsOfStatefulSet,
  replicaFailure,
  rolloutFailure,
} from '../../shared/adapters/kubernetes/workload-pods.ts';

const owned = (uid: string, controller = true) => [
  { apiVersion: 'apps/v1', kind: 'Any', name: 'any', uid, controller },
];
const DEPLOYMENT: V1Deployment = { metadata: { name: 'web', uid: 'web' } };

function replicaSet(uid: string, revision: string | undefined, owner = 'web'): V1ReplicaSet {
  const annotations = revision === undefined ? {} : { 'deployment.kubernetes.io/revision': revision };
  return { metadata: { uid, annotations, ownerReferences: owned(owner) } };
}

function pod(name: string, shape: { owner?: string; hash?: string; phase?: string; deleted?: boolean } = {}) {
  const { owner = 'owner', hash = 'new', phase = 'Running', deleted = false } = shape;
  const labels = { 'controller-revision-hash': hash };
  const deletion = deleted ? { deletionTimestamp: new Date(0) } : {};
  return { metadata: { name, labels, ownerReferences: owned(owner), ...deletion }, status: { phase } };
}

const SECOND = 1_000;
const statefulSet = (writes: readonly { subresource?: string; atMs: number }[]): V1StatefulSet => ({
  metadata: {
    uid: 'owner',
    managedFields: writes.map(({ atMs, ...rest }) => ({ ...rest, time: new Date(atMs) })),
  },
  status: { replicas: 0, updateRevision: 'new' },
});
const event = (message: string, atMs: number) =>
  ({ metadata: {}, involvedObject: {}, message, lastTimestamp: new Date(atMs) }) as CoreV1Event;

test('isObserved wants the controller to have seen the newest generation', () => {
  const source = (generation: number, observedGeneration?: number) => ({
    kind: 'deployment' as const,
    object: {
      metadata: { generation },
      status: observedGeneration === undefined ? {} : { observedGeneration },
    },
  });
  expect(isObserved(source(2, 2))).toBe(true);
  expect(isObserved(source(2, 1))).toBe(false);
  expect(isObserved(source(1))).toBe(false);
});

test('newestReplicaSet takes the highest revision, by number, of those that the Deployment owns', () => {
  const sets = [replicaSet('a', '9'), replicaSet('b', '10'), replicaSet('c', '11', 'another')];
  expect(newestReplicaSet(DEPLOYMENT, sets)?.metadata?.uid).toBe('b');
  expect(newestReplicaSet(DEPLOYMENT, [replicaSet('a', undefined)])?.metadata?.uid).toBe('a');
  expect(newestReplicaSet(DEPLOYMENT, [])).toBeUndefined();
});

test('podsOfReplicaSet leaves out pods of others, ended ones and those that are being deleted', () => {
  const pods = [
    pod('counts'),
    pod('of-another', { owner: 'another' }),
    pod('evicted', { phase: 'Failed' }),
    pod('done', { phase: 'Succeeded' }),
    pod('leaving', { deleted: true }),
  ];
  const names = podsOfReplicaSet(replicaSet('owner', '1'), pods).map(({ metadata }) => metadata?.name);
  expect(names).toEqual(['counts']);
  expect(podsOfReplicaSet(undefined, pods)).toEqual([]);
});

test('podsOfStatefulSet leaves out pods of an older revision', () => {
  const pods = [pod('web-0', { hash: 'old' }), pod('web-1'), pod('web-2', { phase: 'Failed' })];
  const names = podsOfStatefulSet(statefulSet([]), pods).map(({ metadata }) => metadata?.name);
  expect(names).toEqual(['web-1']);
});

test('replicaFailure is the message of a condition that holds, cut to 300 characters', () => {
  const failed = (status: string, message: string) =>
    replicaFailure({ status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status, message }] } });
  expect(failed('True', 'exceeded quota')).toBe('exceeded quota');
  expect(failed('True', 'x'.repeat(5_000))).toHaveLength(300);
  expect(failed('False', 'exceeded quota')).toBeUndefined();
  expect(replicaFailure(undefined)).toBeUndefined();
});

test('rolloutFailure tells that not even a ReplicaSet could be created', () => {
  const stuck = (reason: string) =>
    rolloutFailure({
      kind: 'deployment',
      object: { status: { conditions: [{ type: 'Progressing', status: 'False', reason, message: 'why' }] } },
    });
  expect(stuck('ReplicaSetCreateError')).toBe('why');
  expect(stuck('ProgressDeadlineExceeded')).toBeUndefined();
  expect(rolloutFailure({ kind: 'statefulset', object: {} })).toBeUndefined();
});

test('createFailure tells the newest event since the StatefulSet was scaled, and none of before', () => {
  const scaled = statefulSet([{ atMs: 10 * SECOND }, { subresource: 'scale', atMs: 60 * SECOND }]);
  const events = [event('older', 61 * SECOND), event('newest', 62 * SECOND), event('old', 59 * SECOND)];
  expect(createFailure(scaled, events)).toBe('newest');
  expect(createFailure(scaled, [event('in the same second', 60 * SECOND)])).toBe('in the same second');
  expect(createFailure(scaled, [event('of the sleep before', 59 * SECOND)])).toBeUndefined();
  expect(createFailure(scaled, [])).toBeUndefined();
});

test('createFailure does not take a write of the status for one of the StatefulSet', () => {
  const busy = statefulSet([{ atMs: 10 * SECOND }, { subresource: 'status', atMs: 90 * SECOND }]);
  expect(createFailure(busy, [event('quota', 60 * SECOND)])).toBe('quota');
});
