import { afterAll, beforeAll, describe, test } from 'vitest';
import { describeWith } from '../parts/part.ts';
import {
  expectSameAnswers,
  expectSameRefusals,
  startTwoServers,
  type TwoServers,
  type WireRequest,
} from './wire-fixture.ts';

/** Every script here goes to a real kube-apiserver and to the embedded one: where they differ, the latter is wrong. */
describeWith(['control-plane'], 'the embedded API server answers as kube-apiserver', () => {
  let servers: TwoServers;
  beforeAll(async () => {
    servers = await startTwoServers({ controllers: false });
    for (const server of [servers.real, servers.embedded]) {
      await server({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'wire' } } });
      await server({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'node-1' } } });
    }
  });
  afterAll(() => servers?.stop());

  test('to a namespace and a node that are created, read and deleted', async () => {
    await expectSameAnswers(servers, [
      post('/api/v1/namespaces', { metadata: { name: 'short-lived', labels: { a: 'b' } } }),
      get('/api/v1/namespaces/short-lived'),
      post('/api/v1/namespaces', { metadata: { name: 'No.Name' } }),
      remove('/api/v1/namespaces/short-lived'),
      post('/api/v1/nodes', { metadata: { name: 'node-2' } }),
      remove('/api/v1/nodes/node-2'),
    ]);
  });

  test('to a Deployment that is created, read and replaced', async () => {
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('create', { replicas: 0 })),
      post(`${APPS}/deployments`, deployment('create')),
      put(`${APPS}/deployments/create`, deployment('create', { replicas: 0, minReadySeconds: 3 })),
      put(`${APPS}/deployments/create`, {
        ...deployment('create'),
        metadata: { name: 'create', resourceVersion: '1' },
      }),
      put(`${APPS}/deployments/create`, deployment('other')),
      put(`${APPS}/deployments/missing`, deployment('missing')),
    ]);
  });

  test('to a StatefulSet, a ReplicaSet and Services of each kind that are created', async () => {
    await expectSameAnswers(servers, [
      post(`${APPS}/statefulsets`, {
        ...deployment('set', { replicas: 0, serviceName: 'set' }),
        kind: 'StatefulSet',
      }),
      post(`${APPS}/replicasets`, { ...deployment('bare', { replicas: 0 }), kind: 'ReplicaSet' }),
      post(
        `${CORE}/services`,
        service('plain', { selector: { app: 'x' }, ports: [{ port: 80, targetPort: 'http' }] }),
      ),
      post(`${CORE}/services`, service('headless', { clusterIP: 'None', ports: [{ name: 'a', port: 80 }] })),
      post(`${CORE}/services`, service('external', { type: 'ExternalName', externalName: 'example.com' })),
      remove(`${CORE}/services/plain`),
    ]);
  });

  test('to a pod with probes, ports and init containers', async () => {
    const probe = { httpGet: { port: 80 } };
    const container = { name: 'app', image: 'app:1', readinessProbe: probe, ports: [{ containerPort: 80 }] };
    const initContainers = [{ name: 'init', image: 'registry.example:5000/init' }];
    await expectSameAnswers(servers, [
      post(`${CORE}/pods`, {
        metadata: { name: 'probed' },
        spec: { containers: [container], initContainers },
      }),
      get(`${CORE}/pods/probed`),
      remove(`${CORE}/pods/probed`),
      get(`${CORE}/pods/probed`),
    ]);
  });

  test('to objects that are not valid', async () => {
    const wrongLabels = {
      ...deployment('B_g').spec,
      template: { metadata: { labels: { app: 'x' } }, spec: POD_SPEC },
    };
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, { ...deployment('B_g'), spec: wrongLabels }),
      post(`${APPS}/deployments`, {
        metadata: { name: 'none' },
        spec: { template: { spec: { containers: [] } } },
      }),
      post(`${APPS}/deployments`, deployment('negative', { replicas: -1 })),
      post(`${CORE}/pods`, { spec: {} }),
      post(`${CORE}/services`, service('no-ports', { selector: { a: 'b' } })),
      post(`${CORE}/services`, service('with.dot', { ports: [{ port: 80 }, { port: 81 }] })),
      post(`${CORE}/events`, { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p' } }),
      post(`${APPS}/deployments`, { ...deployment('x'), metadata: { name: 'x', namespace: 'other' } }),
      post('/api/v1/namespaces/none/pods', { metadata: { name: 'p' }, spec: POD_SPEC }),
    ]);
  });

  test('to bodies that it cannot read', async () => {
    await expectSameRefusals(servers, [
      post(`${APPS}/deployments`, '{'),
      post(`${APPS}/deployments`, '[]'),
      post(`${APPS}/deployments`, { ...deployment('x'), kind: 'Pod', apiVersion: 'v1' }),
      post(`${APPS}/deployments`, deployment('typed', { replicas: 'two' })),
      post(`${APPS}/deployments`, { ...deployment('typed'), metadata: { name: 'typed', labels: { a: 1 } } }),
    ]);
  });

  test('to strangers, to nobody and to a token that nobody has', async () => {
    await expectSameAnswers(servers, [
      { ...get(`${APPS}/deployments`), token: 'nobodys-token' },
      { ...get(`${APPS}/deployments`), token: '' },
      { ...get('/api/v1/nodes'), token: '' },
    ]);
  });

  test('to paths and methods that there are not', async () => {
    await expectSameAnswers(servers, [
      get(`${APPS}/deployments/missing`),
      get(`${APPS}/deployments/missing/scale`),
      get(`${APPS}/wonders`),
      get(`${APPS}/deployments/x/wonder`),
      get('/apis/wonders.example/v1/things'),
      put(`${APPS}/deployments`, {}),
      post(`${APPS}/deployments/x`, {}),
      remove(`${APPS}/deployments/missing`),
      remove(`${APPS}/deployments/missing/scale`),
    ]);
  });

  test('to a scale that is read, patched and put', async () => {
    const scale = `${APPS}/deployments/scaled/scale`;
    const put2 = { metadata: { name: 'scaled', namespace: 'wire' }, spec: { replicas: 2 } };
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('scaled', { replicas: 0 })),
      get(scale),
      merge(scale, { spec: { replicas: 1 } }),
      merge(scale, { spec: { replicas: 0 } }),
      get(`${APPS}/deployments/scaled`),
      merge(scale, { metadata: { resourceVersion: '1' }, spec: { replicas: 1 } }),
      merge(scale, { spec: { replicas: -1 } }),
      put(scale, put2),
      put(scale, { ...put2, metadata: { ...put2.metadata, resourceVersion: '1' } }),
      put(scale, { spec: { replicas: 1 } }),
      put(scale, { metadata: { name: 'other' }, spec: { replicas: 1 } }),
    ]);
  });

  test('to a wake: a JSON patch that says "still at 0"', async () => {
    const scale = `${APPS}/deployments/woken/scale?fieldManager=dormouse`;
    const wake = [
      { op: 'test', path: '/spec', value: {} },
      { op: 'add', path: '/spec/replicas', value: 2 },
    ];
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('woken', { replicas: 0 })),
      jsonPatch(scale, wake),
      jsonPatch(scale, wake),
      get(`${APPS}/deployments/woken`),
      jsonPatch(`${APPS}/deployments/missing/scale`, wake),
    ]);
  });

  test('to JSON patches that apply and that do not', async () => {
    const path = `${APPS}/deployments/patched`;
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('patched', { replicas: 0 })),
      jsonPatch(path, [{ op: 'add', path: '/metadata/labels', value: { 'a/b': 'c' } }]),
      jsonPatch(path, [{ op: 'replace', path: '/metadata/labels/a~1b', value: 'd' }]),
      jsonPatch(path, [{ op: 'copy', from: '/metadata/labels/a~1b', path: '/metadata/labels/e' }]),
      jsonPatch(path, [{ op: 'move', from: '/metadata/labels/e', path: '/metadata/labels/f' }]),
      jsonPatch(path, [{ op: 'test', path: '/spec/nothing', value: null }]),
      jsonPatch(path, [{ op: 'test', path: '/spec/replicas', value: 9 }]),
      jsonPatch(path, [{ op: 'remove', path: '/spec/nothing' }]),
      jsonPatch(path, [{ op: 'add', path: '/spec/nothing/below', value: 1 }]),
      jsonPatch(path, [{ op: 'wonder', path: '/spec' }]),
    ]);
  });

  test('to merge patches and strategic merge patches', async () => {
    const path = `${APPS}/deployments/merged`;
    const strategic = 'application/strategic-merge-patch+json';
    const containers = [{ name: 'app', image: 'app:2' }];
    const order = { '$setElementOrder/containers': [{ name: 'app' }], containers };
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('merged', { replicas: 0 })),
      merge(path, { metadata: { annotations: { a: 'b' } } }),
      merge(path, { metadata: { annotations: { a: 'b' } } }),
      merge(path, { metadata: { annotations: { a: null } } }),
      merge(path, { metadata: { name: 'other' } }),
      merge(path, { spec: { selector: { matchLabels: { app: 'other' } } } }),
      merge(path, { metadata: { resourceVersion: '1' } }),
      merge(path, { metadata: { uid: 'other' } }),
      { ...merge(path, { spec: { template: { spec: { containers } } } }), contentType: strategic },
      { ...merge(path, { spec: { template: { spec: order } } }), contentType: strategic },
      { ...merge(path, {}), contentType: 'text/plain' },
      merge(`${APPS}/deployments/missing`, {}),
    ]);
  });

  test('to a change of a pod that may not change', async () => {
    await expectSameRefusals(servers, [
      post(`${CORE}/pods`, { metadata: { name: 'fixed' }, spec: POD_SPEC }),
      merge(`${CORE}/pods/fixed`, { spec: { nodeName: 'node-1' } }),
      merge(`${CORE}/pods/fixed`, { spec: { terminationGracePeriodSeconds: 1 } }),
    ]);
  });

  test('to patches that it cannot read', async () => {
    const path = `${APPS}/deployments/unread`;
    await expectSameRefusals(servers, [
      post(`${APPS}/deployments`, deployment('unread', { replicas: 0 })),
      { ...merge(path, {}), body: '{' },
      jsonPatch(path, {}),
      merge(path, { spec: { replicas: 'two' } }),
      merge(`${path}/scale`, { spec: { replicas: 'two' } }),
    ]);
  });

  test('by managedFields to one manager who takes a field from another', async () => {
    const path = `${APPS}/deployments/managed`;
    await expectSameAnswers(servers, [
      {
        ...post(`${APPS}/deployments`, deployment('managed', { replicas: 0 })),
        userAgent: 'first/1 x',
      },
      merge(`${path}?fieldManager=second`, { spec: { replicas: 1 } }),
      merge(`${path}?fieldManager=third`, { spec: { replicas: 2 } }),
      merge(`${path}/scale?fieldManager=fourth`, { spec: { replicas: 3 } }),
      merge(`${path}/scale?fieldManager=fifth`, { spec: { replicas: 3 } }),
      get(path),
      merge(`${path}/scale?fieldManager=sixth`, { spec: { replicas: 0 } }),
      get(path),
    ]);
  });

  test('to a write of the status, which changes nothing else, and of the rest, which leaves it', async () => {
    const path = `${APPS}/deployments/reported`;
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('reported', { replicas: 0 })),
      merge(`${path}/status`, {
        spec: { replicas: 5 },
        metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
      }),
      merge(path, { status: { replicas: 7 }, metadata: { annotations: { e: 'f' } } }),
    ]);
  });

  test('to a pod that is bound, reported ready and deleted by its kubelet', async () => {
    const pod = `${CORE}/pods/bound`;
    const target = { kind: 'Node', name: 'node-1' };
    const ready = { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null };
    const status = { phase: 'Running', podIP: '10.1.0.7', podIPs: [{ ip: '10.1.0.7' }], conditions: [ready] };
    await expectSameAnswers(servers, [
      post(`${CORE}/pods`, { metadata: { name: 'bound' }, spec: POD_SPEC }),
      post(`${pod}/binding`, { target }),
      post(`${pod}/binding`, { metadata: { name: 'bound' }, target }),
      post(`${pod}/binding`, { metadata: { name: 'bound' }, target }),
      get(pod),
      merge(`${pod}/status`, { status, spec: { nodeName: 'other' }, metadata: { labels: { a: 'b' } } }),
      remove(pod),
      remove(pod, { gracePeriodSeconds: 5 }),
      remove(pod, { gracePeriodSeconds: 60 }),
      remove(pod, { gracePeriodSeconds: 0, preconditions: { uid: 'other' } }),
      remove(`${pod}?gracePeriodSeconds=0`),
      get(pod),
    ]);
  });

  test('to lists by label, by field, in pages', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const pods = names.map((name) => ({
      metadata: { name, labels: { tier: name < 'c' ? 'x' : 'y' } },
      spec: POD_SPEC,
    }));
    const list = '/api/v1/namespaces/default/pods';
    await expectSameAnswers(servers, [
      ...pods.map((pod) => post(list, pod)),
      get(`${list}?labelSelector=tier=x`),
      get(`${list}?labelSelector=tier+in+(x,z),tier!=y`),
      get(`${list}?labelSelector=tier+notin+(x)`),
      get(`${list}?labelSelector=!tier`),
      get(`${list}?fieldSelector=metadata.name=b,status.phase=Pending`),
      get(`${list}?fieldSelector=spec.nodeName!=`),
      get(`${list}?fieldSelector=status.phase`),
      get(`${list}?fieldSelector=spec.wonder=a`),
      get(`${APPS}/deployments?fieldSelector=spec.wonder=a`),
      get(`${list}?limit=x`),
      remove(`${list}?labelSelector=tier=x`),
      get(list),
    ]);
  });

  test('to a dry run, which changes nothing', async () => {
    const path = `${APPS}/deployments/dry`;
    await expectSameAnswers(servers, [
      post(`${APPS}/deployments`, deployment('dry', { replicas: 0 })),
      merge(`${path}?dryRun=All`, { metadata: { annotations: { a: 'b' } } }),
      remove(`${path}?dryRun=All`),
      get(path),
    ]);
  });

  test('to deletions of each propagation, by body and by query', async () => {
    await expectSameAnswers(servers, [
      post(`${CORE}/services`, service('kept', { ports: [{ port: 80 }] })),
      post(`${APPS}/deployments`, deployment('gone', { replicas: 0 })),
      remove(`${APPS}/deployments/gone`, { preconditions: { resourceVersion: '1' } }),
      remove(`${APPS}/deployments/gone`, { propagationPolicy: 'Background' }),
      get(`${APPS}/deployments/gone`),
      remove(`${CORE}/services/kept`, { propagationPolicy: 'Background' }),
    ]);
  });

  describe('about what tells of policies', () => policyScripts(() => servers));
});

const CORE = '/api/v1/namespaces/wire';
const APPS = '/apis/apps/v1/namespaces/wire';
const AUTOSCALING = '/apis/autoscaling/v2/namespaces/wire/horizontalpodautoscalers';
const BATCH = '/apis/batch/v1/namespaces/wire';
const QUEUE = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } },
};
const POD_SPEC = { containers: [{ name: 'app', image: 'app:1' }] };

const get = (path: string) => ({ method: 'GET', path });
const post = (path: string, body: object | string) => ({ method: 'POST', path, body });
const put = (path: string, body: object) => ({ method: 'PUT', path, body });
const remove = (path: string, body?: object) => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
});
const merge = (path: string, body: object) => patch(path, body, 'application/merge-patch+json');
const jsonPatch = (path: string, body: object) => patch(path, body, 'application/json-patch+json');

function patch(path: string, body: object, contentType: string) {
  return { method: 'PATCH', path, body, contentType };
}

function deployment(name: string, spec: object = {}) {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: POD_SPEC };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

function service(name: string, spec: object) {
  return { metadata: { name }, spec };
}

function autoscaler(name: string, spec: object) {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return { metadata: { name }, spec: { scaleTargetRef, ...spec } };
}

function event(name: string, fields: object) {
  const involvedObject = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: 'wire' };
  const time = '2026-01-01T00:00:00Z';
  return {
    metadata: { name },
    involvedObject,
    ...{ type: 'Warning', reason: 'BadAnnotation', action: 'BadAnnotation', message: 'why' },
    ...{ reportingComponent: 'dormouse', reportingInstance: 'dormouse', source: { component: 'dormouse' } },
    ...{ eventTime: '2026-01-01T00:00:00.000000Z', firstTimestamp: time, lastTimestamp: time, count: 1 },
    ...fields,
  };
}

function policyScripts(servers: () => TwoServers): void {
  test('to deletions of what is not the object that was meant', async () => {
    const preconditions = { uid: 'other', resourceVersion: '1' };
    const labels = { 'dormouse/branch': 'meant--g' };
    await expectSameAnswers(servers(), [
      post(`${APPS}/statefulsets`, { ...deployment('meant', { replicas: 0 }), kind: 'StatefulSet' }),
      post(`${CORE}/services`, { metadata: { name: 'meant', labels }, spec: { ports: [{ port: 80 }] } }),
      remove(`${APPS}/statefulsets/meant`, { preconditions }),
      remove(`${CORE}/services/meant`, { preconditions }),
      remove(`${CORE}/services/meant`, { preconditions: { resourceVersion: '1' } }),
      remove(`${CORE}/services/none`, { preconditions }),
      remove(`${APPS}/statefulsets/meant`, { propagationPolicy: 'Background' }),
    ]);
  });

  test('to a namespace that is annotated, and to who may read it', async () => {
    const path = '/api/v1/namespaces/annotated';
    const annotations = { 'dormouse/idle-after': '2h', 'example.com/owner': 'team' };
    const stranger = (request: WireRequest) => ({ ...request, token: servers().strangerToken });
    await expectSameAnswers(servers(), [
      post('/api/v1/namespaces', { metadata: { name: 'annotated', annotations } }),
      merge(path, { metadata: { annotations: { 'dormouse/idle-after': '45m', 'example.com/owner': null } } }),
      get(path),
      stranger(get(path)),
      stranger(merge(path, {})),
      stranger(get('/api/v1/namespaces')),
    ]);
  });

  test('to autoscalers that are created, changed and deleted', async () => {
    const path = `${AUTOSCALING}/bounded`;
    await expectSameAnswers(servers(), [
      post(AUTOSCALING, autoscaler('bounded', { maxReplicas: 4 })),
      merge(path, { spec: { minReplicas: 2 } }),
      merge(path, { spec: { minReplicas: 5 } }),
      merge(`${path}/status`, { status: { currentReplicas: 2 }, spec: { minReplicas: 3 } }),
      get(`${AUTOSCALING}?limit=1`),
      post(AUTOSCALING, autoscaler('to-zero', { minReplicas: 0, maxReplicas: 3, metrics: [QUEUE] })),
      remove(path),
      get(path),
    ]);
  });

  test('to autoscalers that are not valid', async () => {
    await expectSameAnswers(servers(), [
      post(AUTOSCALING, autoscaler('boundless', {})),
      post(AUTOSCALING, autoscaler('crossed', { minReplicas: 4, maxReplicas: 3 })),
      post(AUTOSCALING, autoscaler('negative', { minReplicas: -1, maxReplicas: 3 })),
      post(AUTOSCALING, autoscaler('zero-by-cpu', { minReplicas: 0, maxReplicas: 3 })),
      post(AUTOSCALING, { metadata: { name: 'aimless' }, spec: { maxReplicas: 3 } }),
      post(AUTOSCALING, autoscaler('nameless', { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment' } })),
    ]);
  });

  test('to Jobs that are created, reported and deleted', async () => {
    const path = `${BATCH}/jobs/migrate`;
    const template = { spec: { restartPolicy: 'Never', ...POD_SPEC } };
    const startTime = '2026-01-01T00:00:00Z';
    await expectSameAnswers(servers(), [
      post(`${BATCH}/jobs`, { metadata: { name: 'migrate', labels: { a: 'b' } }, spec: { template } }),
      merge(`${path}/status`, { status: { startTime, active: 1 } }),
      get(path),
      remove(path, { propagationPolicy: 'Background' }),
      post(`${BATCH}/cronjobs`, cronJob('nightly', { schedule: '0 3 * * *' })),
      post(`${BATCH}/cronjobs`, cronJob('unscheduled', {})),
      post(`${BATCH}/jobs`, { metadata: { name: 'endless' }, spec: { template: { spec: POD_SPEC } } }),
      post(`${BATCH}/jobs`, { metadata: { name: 'empty' } }),
      post(`${BATCH}/jobs`, { metadata: { name: 'orphaning' }, spec: { template } }),
      remove(`${BATCH}/jobs/orphaning`),
    ]);
  });

  test('to Events of the newer kind, and to those that lack something', async () => {
    const whole = event('told', {});
    await expectSameAnswers(servers(), [
      post(`${CORE}/events`, whole),
      post(`${CORE}/events`, whole),
      get(`${CORE}/events/told`),
      post(`${CORE}/events`, event('no-action', { action: undefined })),
      post(`${CORE}/events`, event('no-instance', { reportingInstance: undefined })),
      post(`${CORE}/events`, event('bad-reporter', { reportingComponent: 'no good' })),
      post(`${CORE}/events`, event('no-reporter', { reportingComponent: undefined })),
      post(`${CORE}/events`, event('long', { message: 'ä'.repeat(513) })),
      post(`${CORE}/events`, event('just-so', { message: 'ä'.repeat(512) })),
      post(`${CORE}/events`, event('long-reason', { reason: 'r'.repeat(129) })),
      post(`${CORE}/events`, event('Bad_Name', { eventTime: null })),
      post(`${CORE}/events`, event('-', {})),
    ]);
  });
}

function cronJob(name: string, spec: object) {
  const template = { spec: { restartPolicy: 'Never', ...POD_SPEC } };
  return { metadata: { name }, spec: { jobTemplate: { spec: { template } }, ...spec } };
}
