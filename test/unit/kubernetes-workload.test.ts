import { expect, test } from 'vitest';
import { type WorkloadObject, workloadFrom } from '../../shared/adapters/kubernetes/kubernetes-workload.ts';

const CREATED = '2026-01-01T00:00:00Z';
const CREATED_MS = Date.parse(CREATED);

type Status = NonNullable<WorkloadObject['status']>;
type ManagedFields = NonNullable<NonNullable<WorkloadObject['metadata']>['managedFields']>;

const metadata = { name: 'web--g', resourceVersion: '7', generation: 3, creationTimestamp: CREATED };
const deployment = (parts: Partial<WorkloadObject> = {}) =>
  workloadFrom('deployment', { metadata, ...parts });
const editedBy = (managedFields: ManagedFields) =>
  deployment({ metadata: { ...metadata, managedFields } }).lastEditMs - CREATED_MS;
const at = (seconds: number) => new Date(CREATED_MS + seconds * 1_000).toISOString();
const isUnfinished = (kind: 'deployment' | 'statefulset', status: Status) =>
  workloadFrom(kind, { metadata, status }).isRolloutUnfinished;

test('workloadFrom takes missing replicas for 1, and 0 for 0', () => {
  expect(deployment().replicas).toBe(1);
  expect(deployment({ spec: {} }).replicas).toBe(1);
  expect(deployment({ spec: { replicas: 0 } }).replicas).toBe(0);
});

test('workloadFrom keeps the branch label, even an empty one, and only Dormouse’s annotations', () => {
  const labels = { 'dormouse/branch': '', app: 'web' };
  const annotations = { 'dormouse/enabled': 'false', 'dormouse.example/enabled': 'x', note: 'y' };
  const workload = deployment({ metadata: { ...metadata, labels, annotations } });
  expect(workload.branchLabel).toBe('');
  expect(workload.annotations).toEqual({ 'dormouse/enabled': 'false' });
});

test('workloadFrom takes the newest edit, whoever made it', () => {
  expect(
    editedBy([{ manager: 'helm', time: at(5) }, { manager: 'kubectl', time: at(9) }, { time: at(7) }]),
  ).toBe(9_000);
});

test('workloadFrom counts neither subresources nor the controller as an edit', () => {
  const edits = [
    { manager: 'dormouse', subresource: 'scale', time: at(50) },
    { manager: 'kube-controller-manager', subresource: 'status', time: at(60) },
    { manager: 'kube-controller-manager', time: at(70) },
    { manager: 'kubectl-client-side-apply', time: at(2) },
  ];
  expect(editedBy(edits)).toBe(2_000);
  expect(editedBy(edits.slice(0, 3))).toBe(0);
});

test('workloadFrom passes over an edit without a readable time', () => {
  expect(editedBy([{ manager: 'a' }, { manager: 'b', time: 'yesterday' }])).toBe(0);
});

test('workloadFrom reads Dates and texts alike', () => {
  const edit = { manager: 'a', time: new Date(CREATED_MS + 4_000) };
  const workload = deployment({
    metadata: { ...metadata, creationTimestamp: new Date(CREATED_MS), managedFields: [edit] },
  });
  expect(workload).toMatchObject({ createdMs: CREATED_MS, lastEditMs: CREATED_MS + 4_000 });
});

test('a Deployment’s rollout is finished when no pod of an older revision is left', () => {
  const seen = { observedGeneration: 3 };
  expect(isUnfinished('deployment', { ...seen, replicas: 2, updatedReplicas: 2 })).toBe(false);
  expect(isUnfinished('deployment', { ...seen, replicas: 3, updatedReplicas: 2 })).toBe(true);
  expect(isUnfinished('deployment', { ...seen, replicas: 1 })).toBe(true);
  expect(isUnfinished('deployment', seen)).toBe(false);
});

test('a StatefulSet’s rollout is finished when its revisions are one', () => {
  const seen = { observedGeneration: 3, replicas: 2, updatedReplicas: 1 };
  expect(isUnfinished('statefulset', { ...seen, currentRevision: 'a', updateRevision: 'a' })).toBe(false);
  expect(isUnfinished('statefulset', { ...seen, currentRevision: 'a', updateRevision: 'b' })).toBe(true);
});

test.each(['deployment', 'statefulset'] as const)(
  'a %s’s rollout is unfinished until its edit is observed',
  (kind) => {
    expect(isUnfinished(kind, { observedGeneration: 2 })).toBe(true);
    expect(isUnfinished(kind, {})).toBe(true);
    expect(isUnfinished(kind, { observedGeneration: 3 })).toBe(false);
  },
);

test.each([
  {},
  { metadata: {} },
  { metadata: { ...metadata, name: '' } },
  { metadata: { ...metadata, creationTimestamp: 'x' } },
])('workloadFrom refuses %j, which is no workload', (object) => {
  expect(() => workloadFrom('deployment', object)).toThrow('not a deployment');
});

test('workloadFrom keeps the uid, and takes none for an empty text, which no object has', () => {
  expect(deployment({ metadata: { ...metadata, uid: 'u-1' } }).uid).toBe('u-1');
  expect(deployment().uid).toBe('');
});

test('workloadFrom takes the revision of a Deployment from its annotation, of a StatefulSet from its status', () => {
  const annotations = { 'deployment.kubernetes.io/revision': '7' };
  const status = { updateRevision: 'web-5f8' };
  const object = { metadata: { ...metadata, annotations }, status };
  expect(workloadFrom('deployment', object).revision).toBe('7');
  expect(workloadFrom('statefulset', object).revision).toBe('web-5f8');
});

test('workloadFrom knows no revision before a controller has looked', () => {
  expect(deployment()).not.toHaveProperty('revision');
  expect(workloadFrom('statefulset', { metadata, status: {} })).not.toHaveProperty('revision');
});

const trackerOf = (marks: object) => deployment({ metadata: { ...metadata, ...marks } }).trackedBy;
const writtenBy = (manager: string) => trackerOf({ managedFields: [{ manager }] });

test('workloadFrom knows Argo CD by its tracking id and by its name as a writer', () => {
  expect(trackerOf({ annotations: { 'argocd.argoproj.io/tracking-id': 'a:b' } })).toBe('Argo CD');
  expect(writtenBy('argocd-controller')).toBe('Argo CD');
  expect(writtenBy('argocd-application-controller')).toBe('Argo CD');
  expect(writtenBy('my-argocd')).toBeUndefined();
});

test('workloadFrom knows Flux by the labels and the names of its controllers', () => {
  expect(trackerOf({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } })).toBe('Flux');
  expect(trackerOf({ labels: { 'helm.toolkit.fluxcd.io/name': 'apps' } })).toBe('Flux');
  expect(writtenBy('kustomize-controller')).toBe('Flux');
  expect(writtenBy('helm-controller')).toBe('Flux');
});

test('workloadFrom takes neither Helm, kubectl nor a common label for a tool that would bring it back', () => {
  for (const manager of ['helm', 'kubectl-client-side-apply', 'kube-controller-manager', '']) {
    expect(writtenBy(manager)).toBeUndefined();
  }
  expect(trackerOf({ labels: { 'app.kubernetes.io/instance': 'apps' } })).toBeUndefined();
  expect(trackerOf({ managedFields: [{}] })).toBeUndefined();
});
