import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../parts/part.ts';
import {
  comparable,
  expectSameSoon,
  startTwoServers,
  type TwoServers,
  type WireClient,
  waitFor,
} from './wire-fixture.ts';

/** The same is done to a real control plane and to the embedded one; a kubelet is played by hand on both. */
describeWith(['control-plane'], 'the embedded controllers do as kube-controller-manager', () => {
  let servers: TwoServers;
  const onBoth = async (act: (client: WireClient) => Promise<unknown>) => {
    await act(servers.real);
    await act(servers.embedded);
  };
  const create = (path: string, body: object) => onBoth((client) => client({ method: 'POST', path, body }));
  const merge = (path: string, body: object) =>
    onBoth((client) => client({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }));
  const remove = (path: string, body: object = {}) =>
    onBoth((client) => client({ method: 'DELETE', path, body }));

  beforeAll(async () => {
    servers = await startTwoServers({ controllers: true });
    await create('/api/v1/namespaces', { metadata: { name: 'wire' } });
    await create('/api/v1/nodes', { metadata: { name: 'node-1' } });
  });
  afterAll(() => servers?.stop());

  test('with a new Deployment: its ReplicaSet, its pod, its Events', async () => {
    await create(`${APPS}/deployments`, deployment('fresh', { replicas: 1 }));
    await expectSameSoon(servers, `${APPS}/deployments/fresh`, {
      when: ({ status }) => status.replicas === 1,
      view: withoutProgress,
    });
    await expectSameSoon(servers, sets('fresh'), { when: ({ items }) => items[0]?.status.replicas === 1 });
    await expectSameSoon(servers, pods('fresh'), { when: ({ items }) => items.length === 1 });
    await expectSameSoon(servers, `${CORE}/events`, {
      when: ({ items }) => items.filter(isAbout('fresh')).length === 2,
      view: ({ items }) => items.filter(isAbout('fresh')).map(({ metadata: _, ...facts }: Named) => facts),
    });
  });

  test('with a Deployment that becomes ready, sleeps and wakes', async () => {
    const path = `${APPS}/deployments/napping`;
    await create(`${APPS}/deployments`, deployment('napping', { replicas: 1 }));
    await onBoth((client) => reportReady(client, 'napping'));
    await expectSameSoon(servers, path, { when: ({ status }) => status.availableReplicas === 1 });
    await merge(`${path}/scale`, { spec: { replicas: 0 } });
    await expectSameSoon(servers, path, { when: isSettled });
    await expectSameSoon(servers, pods('napping'), {
      when: ({ items }) => items[0]?.metadata.deletionTimestamp,
    });
    await onBoth((client) => confirmDeletion(client, 'napping'));
    await expectSameSoon(servers, sets('napping'), {
      when: ({ items }) => items[0].status.terminatingReplicas === 0,
    });
    await merge(`${path}/scale`, { spec: { replicas: 1 } });
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.observedGeneration === 3 && status.replicas,
    });
  });

  test('with a rollout that surges, and ends when the new pod is ready', async () => {
    const path = `${APPS}/deployments/rolling`;
    await create(`${APPS}/deployments`, deployment('rolling', { replicas: 1 }));
    await onBoth((client) => reportReady(client, 'rolling'));
    await onBoth((client) => waitFor(client, path, ({ status }) => status.availableReplicas === 1));
    await merge(path, { metadata: { annotations: { a: 'b' } }, spec: { template: templateVersion('2') } });
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.observedGeneration === 2 && status.replicas === 2,
      view: withoutProgress,
    });
    await expectSameSoon(servers, sets('rolling'), {
      when: ({ items }) => items.length === 2,
      view: sizesByRevision,
    });
    await onBoth((client) => reportReady(client, 'rolling'));
    await onBoth((client) => confirmDeletion(client, 'rolling'));
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.replicas === 1 && status.terminatingReplicas === 0,
    });
    await expectSameSoon(servers, sets('rolling'), { when: () => true, view: sizesByRevision });
  });

  test('with the limits of a rollout over several pods', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: '50%' } };
    const path = `${APPS}/deployments/limited`;
    await create(`${APPS}/deployments`, deployment('limited', { replicas: 4, strategy }));
    await onBoth((client) => reportReady(client, 'limited', 4));
    await onBoth((client) => waitFor(client, path, ({ status }) => status.availableReplicas === 4));
    await merge(path, { spec: { template: templateVersion('2') } });
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.updatedReplicas === 3,
      view: withoutProgress,
    });
    await expectSameSoon(servers, sets('limited'), { when: areSettled, view: sizesByRevision });
    await merge(`${path}/scale`, { spec: { replicas: 8 } });
    await expectSameSoon(servers, sets('limited'), { when: sumsUpTo(9), view: sizesByRevision });
    await merge(`${path}/scale`, { spec: { replicas: 2 } });
    await expectSameSoon(servers, sets('limited'), { when: sumsUpTo(3), view: sizesByRevision });
  });

  test('with a Deployment that recreates: no new pod before the last old one is gone', async () => {
    const path = `${APPS}/deployments/recreated`;
    await create(
      `${APPS}/deployments`,
      deployment('recreated', { replicas: 1, strategy: { type: 'Recreate' } }),
    );
    await onBoth((client) => reportReady(client, 'recreated'));
    await onBoth((client) => waitFor(client, path, ({ status }) => status.availableReplicas === 1));
    await merge(path, { spec: { template: templateVersion('2') } });
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.terminatingReplicas === 1,
      view: withoutProgress,
    });
    await expectSameSoon(servers, sets('recreated'), { when: () => true, view: sizesByRevision });
    await onBoth((client) => confirmDeletion(client, 'recreated'));
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.updatedReplicas === 1,
      view: withoutProgress,
    });
  });

  test('with a Deployment that is paused and resumed', async () => {
    const path = `${APPS}/deployments/paused`;
    await create(`${APPS}/deployments`, deployment('paused', { replicas: 1, paused: true }));
    await expectSameSoon(servers, path, { when: ({ status }) => status.conditions?.length === 2 });
    await merge(path, { spec: { paused: null } });
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.replicas === 1,
      view: withoutProgress,
    });
  });

  test('with a Deployment that makes no progress within its deadline', async () => {
    await create(`${APPS}/deployments`, deployment('overdue', { replicas: 1, progressDeadlineSeconds: 1 }));
    await expectSameSoon(servers, `${APPS}/deployments/overdue`, {
      when: ({ status }) =>
        conditionsOf({ status }).some(({ value, type }) => `${type} ${value}` === 'Progressing False'),
      view: conditionsOf,
    });
  });

  test('with a pod that is available only some time after it is ready', async () => {
    const path = `${APPS}/deployments/patient`;
    await create(`${APPS}/deployments`, deployment('patient', { replicas: 1, minReadySeconds: 4 }));
    await onBoth((client) => reportReady(client, 'patient', 1, new Date()));
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.readyReplicas === 1 && status.availableReplicas === undefined,
      view: withoutProgress,
    });
    await expectSameSoon(servers, path, { when: ({ status }) => status.availableReplicas === 1 });
  });

  test('with pods that a quota refuses', async () => {
    const quota = '/api/v1/namespaces/default/resourcequotas';
    const body = { metadata: { name: 'none' }, spec: { hard: { pods: '0' } } };
    const status = { hard: { pods: '0' }, used: { pods: '0' } };
    const contentType = 'application/merge-patch+json';
    await servers.real({ method: 'POST', path: quota, body });
    await servers.real({ method: 'PATCH', path: `${quota}/none/status`, body: { status }, contentType });
    const refusal = servers.refuseCreation('pods', 'exceeded quota: none');
    const path = '/apis/apps/v1/namespaces/default/deployments';
    await create(path, deployment('refused', { replicas: 1 }));
    await expectSameSoon(servers, `${path}/refused`, {
      when: ({ status }) => status.conditions?.length === 3,
      view: conditionsOf,
    }).finally(refusal.remove);
  });

  test('with the pods of a StatefulSet, one after the other, and back', async () => {
    const path = `${APPS}/statefulsets/ordered`;
    await create(`${APPS}/statefulsets`, statefulSet('ordered', { replicas: 2 }));
    await expectSameSoon(servers, path, { when: ({ status }) => status.replicas === 1 });
    await onBoth((client) => reportReady(client, 'ordered'));
    await expectSameSoon(servers, path, { when: ({ status }) => status.replicas === 2 });
    await onBoth((client) => reportReady(client, 'ordered'));
    await expectSameSoon(servers, path, { when: ({ status }) => status.availableReplicas === 2 });
    await expectSameSoon(servers, pods('ordered'), { when: ({ items }) => items.length === 2 });
    await merge(`${path}/scale`, { spec: { replicas: 0 } });
    await expectSameSoon(servers, path, { when: ({ status }) => status.currentReplicas === 1 });
    await onBoth((client) => confirmDeletion(client, 'ordered'));
    await onBoth((client) => confirmDeletion(client, 'ordered'));
    await expectSameSoon(servers, path, { when: ({ status }) => status.replicas === 0 });
  });

  test('with the rollout of a StatefulSet, from the last pod to the first', async () => {
    const path = `${APPS}/statefulsets/updated`;
    await create(
      `${APPS}/statefulsets`,
      statefulSet('updated', { replicas: 2, podManagementPolicy: 'Parallel' }),
    );
    await onBoth((client) => reportReady(client, 'updated', 2));
    await onBoth((client) => waitFor(client, path, ({ status }) => status.availableReplicas === 2));
    await merge(path, { spec: { template: templateVersion('2') } });
    await expectSameSoon(servers, path, { when: ({ status }) => status.currentReplicas === 1 });
    await onBoth((client) => confirmDeletion(client, 'updated'));
    await expectSameSoon(servers, path, { when: ({ status }) => status.updatedReplicas === 1 });
    await onBoth((client) => reportReady(client, 'updated'));
    await onBoth((client) => confirmDeletion(client, 'updated'));
    await onBoth((client) => reportReady(client, 'updated'));
    await expectSameSoon(servers, path, {
      when: ({ status }) => status.currentReplicas === 2 && status.availableReplicas === 2,
    });
  });

  test('with the EndpointSlices of a Service, from no pod to a terminating one', async () => {
    const ports = [{ name: 'web', port: 80, targetPort: 'http' }];
    await create(`${CORE}/services`, {
      metadata: { name: 'served', labels: { a: 'b' } },
      spec: { selector: { app: 'served' }, ports },
    });
    await expectSameSoon(servers, slices('served'), { when: ({ items }) => items.length === 1 });
    await create(`${APPS}/deployments`, deployment('served', { replicas: 1 }));
    await onBoth((client) => reportReady(client, 'served'));
    await expectSameSoon(servers, slices('served'), {
      when: ({ items }) => items[0].endpoints?.[0].conditions.ready,
    });
    await merge(`${APPS}/deployments/served/scale`, { spec: { replicas: 0 } });
    await expectSameSoon(servers, slices('served'), {
      when: ({ items }) => items[0].endpoints?.[0].conditions.terminating,
    });
    await onBoth((client) => confirmDeletion(client, 'served'));
    await expectSameSoon(servers, slices('served'), { when: ({ items }) => items[0].endpoints === null });
    await remove(`${CORE}/services/served`);
    await expectSameSoon(servers, slices('served'), { when: ({ items }) => items.length === 0 });
  });

  test.each(['Background', 'Foreground', 'Orphan'])(
    'with a Deployment deleted in the way of %s',
    async (policy) => {
      const name = policy.toLowerCase();
      await create(`${APPS}/deployments`, deployment(name, { replicas: 1 }));
      await onBoth((client) => waitFor(client, pods(name), ({ items }) => items.length === 1));
      await remove(`${APPS}/deployments/${name}`, { propagationPolicy: policy });
      await onBoth((client) => waitFor(client, `${APPS}/deployments/${name}`, ({ code }) => code === 404));
      const left = policy === 'Orphan' ? 1 : 0;
      await expectSameSoon(servers, pods(name), { when: ({ items }) => items.length === left });
      await expectSameSoon(servers, sets(name), { when: ({ items }) => items.length === left });
    },
  );

  test('with a namespace that is deleted with all that is in it', async () => {
    await create('/api/v1/namespaces', { metadata: { name: 'doomed' } });
    await create('/apis/apps/v1/namespaces/doomed/deployments', deployment('inside', { replicas: 1 }));
    await onBoth((client) =>
      waitFor(client, '/api/v1/namespaces/doomed/pods', ({ items }) => items.length === 1),
    );
    await remove('/api/v1/namespaces/doomed');
    await expectSameSoon(servers, '/api/v1/namespaces/doomed', { when: ({ code }) => code === 404 });
    await expectSameSoon(servers, '/api/v1/namespaces/doomed/pods', {
      when: ({ items }) => items.length === 0,
    });
  });

  test('with an autoscaler whose workload sleeps, wakes below its bounds, and grows above them', async () => {
    const path = `${AUTOSCALING}/bounded`;
    const spec = { minReplicas: 2, maxReplicas: 3 };
    const sizeIs =
      (replicas: number) =>
      ({ spec }: Named) =>
        spec.replicas === replicas;
    const isSaying =
      (reason: string) =>
      ({ status }: Named) =>
        status.conditions?.some((condition: Named) => condition.reason === reason);
    await create(`${APPS}/deployments`, deployment('bounded', { replicas: 2 }));
    await create(AUTOSCALING, autoscaler('bounded', spec));
    await expectSameSoon(servers, path, { when: isSaying('FailedGetResourceMetric') });
    await merge(`${APPS}/deployments/bounded/scale`, { spec: { replicas: 0 } });
    await expectSameSoon(servers, path, { when: isSaying('ScalingDisabled') });
    await merge(`${APPS}/deployments/bounded/scale`, { spec: { replicas: 1 } });
    await onBoth((client) => waitFor(client, `${APPS}/deployments/bounded`, sizeIs(2)));
    await expectSameSoon(servers, path, { when: ({ status }) => status.currentReplicas === 2 });
    await merge(`${APPS}/deployments/bounded/scale`, { spec: { replicas: 9 } });
    await onBoth((client) => waitFor(client, `${APPS}/deployments/bounded`, sizeIs(3)));
    await expectSameSoon(servers, path, { when: ({ status }) => status.currentReplicas === 3 });
  });

  test('with autoscalers of nothing, of a StatefulSet, and of metrics that nobody serves', async () => {
    const [metric, target] = [{ name: 'queue' }, { type: 'AverageValue', averageValue: '10' }];
    const setRef = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'by-queue' };
    const queue = { type: 'External', external: { metric, target } };
    const memory = { type: 'Resource', resource: { name: 'memory', target } };
    await create(`${APPS}/statefulsets`, statefulSet('by-queue', { replicas: 1 }));
    await create(`${APPS}/deployments`, deployment('by-memory', { replicas: 1 }));
    await create(AUTOSCALING, autoscaler('of-nothing', { maxReplicas: 3 }));
    await create(
      AUTOSCALING,
      autoscaler('by-queue', { scaleTargetRef: setRef, maxReplicas: 3, metrics: [queue] }),
    );
    await create(AUTOSCALING, autoscaler('by-memory', { maxReplicas: 3, metrics: [memory] }));
    for (const name of ['of-nothing', 'by-queue', 'by-memory']) {
      const when = ({ status }: Named) =>
        status.conditions?.some((condition: Named) => condition.status === 'False');
      await expectSameSoon(servers, `${AUTOSCALING}/${name}`, { when });
    }
  });

  test('with the oldest ReplicaSets beyond the limit of history', async () => {
    const path = `${APPS}/deployments/historic`;
    await create(`${APPS}/deployments`, deployment('historic', { replicas: 0, revisionHistoryLimit: 1 }));
    for (const version of ['2', '3', '4']) {
      await merge(path, { spec: { template: templateVersion(version) } });
      await onBoth((client) =>
        waitFor(client, path, (body) => isSettled(body) && revisionOf(body) === version),
      );
    }
    await expectSameSoon(servers, sets('historic'), {
      when: ({ items }) => items.length === 2,
      view: sizesByRevision,
    });
  });

  test('with a template of before, whose ReplicaSet becomes the newest again', async () => {
    const path = `${APPS}/deployments/returned`;
    await create(`${APPS}/deployments`, deployment('returned', { replicas: 0 }));
    await merge(path, { spec: { template: templateVersion('2') } });
    await onBoth((client) => waitFor(client, path, (body) => revisionOf(body) === '2'));
    await merge(path, { spec: { template: { metadata: { annotations: null } } } });
    await expectSameSoon(servers, path, { when: (body) => revisionOf(body) === '3' && isSettled(body) });
    expect(
      comparable((await servers.embedded({ method: 'GET', path: sets('returned') })).body.items),
    ).toHaveLength(2);
  });
});

const CORE = '/api/v1/namespaces/wire';
const APPS = '/apis/apps/v1/namespaces/wire';
const AUTOSCALING = '/apis/autoscaling/v2/namespaces/wire/horizontalpodautoscalers';
const REVISION = 'deployment.kubernetes.io/revision';

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON the servers sent.
type Named = any;

const pods = (app: string) => `${CORE}/pods?labelSelector=app=${app}`;
const sets = (app: string) => `${APPS}/replicasets?labelSelector=app=${app}`;
const slices = (service: string) =>
  `/apis/discovery.k8s.io/v1/namespaces/wire/endpointslices?labelSelector=kubernetes.io/service-name=${service}`;

const isAbout = (name: string) => (event: Named) => event.involvedObject.name.startsWith(name);
const revisionOf = ({ metadata }: Named) => metadata.annotations?.[REVISION];
const isSettled = ({ metadata, status }: Named) => status.observedGeneration === metadata.generation;
const areSettled = ({ items }: Named) => items.every(isSettled);
const sumsUpTo =
  (count: number) =>
  ({ items }: Named) =>
    items.reduce((sum: number, { spec }: Named) => sum + spec.replicas, 0) === count;

function sizesByRevision({ items }: Named): readonly object[] {
  const sizes = items.map(({ metadata, spec }: Named) => ({
    ...metadata.annotations,
    replicas: spec.replicas,
  }));
  return sizes.toSorted((left: Named, right: Named) => Number(left[REVISION]) - Number(right[REVISION]));
}

function conditionsOf({ status }: Named): readonly Named[] {
  const conditions = (status.conditions ?? []).map(({ type, status: value, reason }: Named) => ({
    type,
    value,
    reason,
  }));
  return conditions.toSorted((left: Named, right: Named) => (left.type < right.type ? -1 : 1));
}

/** In the middle of a rollout, what the real one says of its progress depends on which of its writes met a conflict. */
function withoutProgress({ metadata, spec, status }: Named): object {
  const conditions = status.conditions?.filter(({ type }: Named) => type !== 'Progressing');
  return { metadata, spec, status: { ...status, conditions } };
}

function templateVersion(version: string): object {
  return { metadata: { annotations: { version } } };
}

function deployment(name: string, spec: object): object {
  const labels = { app: name };
  const containers = [{ name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 8080 }] }];
  const template = { metadata: { labels }, spec: { containers } };
  return { metadata: { name }, spec: { selector: { matchLabels: labels }, template, ...spec } };
}

function statefulSet(name: string, spec: object): object {
  return deployment(name, { serviceName: name, ...spec });
}

function autoscaler(name: string, spec: object): object {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return { metadata: { name }, spec: { scaleTargetRef, ...spec } };
}

const LONG_AGO = new Date('2026-01-01T00:00:00Z');

/** Waits for pods that have no node yet, binds them and says that they are ready. */
async function reportReady(client: WireClient, app: string, count = 1, since = LONG_AGO): Promise<void> {
  const isNew = ({ spec, metadata }: Named) => !spec.nodeName && !metadata.deletionTimestamp;
  const { items } = await waitFor(client, pods(app), ({ items }) => items.filter(isNew).length === count);
  for (const [index, { metadata }] of items.filter(isNew).entries()) {
    const pod = `${CORE}/pods/${metadata.name}`;
    const target = { kind: 'Node', name: 'node-1' };
    await client({
      method: 'POST',
      path: `${pod}/binding`,
      body: { metadata: { name: metadata.name }, target },
    });
    const podIP = `10.1.0.${10 + index}`;
    const ready = {
      type: 'Ready',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: `${since.toISOString().slice(0, 19)}Z`,
    };
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [ready] };
    const contentType = 'application/merge-patch+json';
    await client({ method: 'PATCH', path: `${pod}/status`, body: { status }, contentType });
  }
}

/** Waits for a pod that is told to end, and ends it. */
async function confirmDeletion(client: WireClient, app: string): Promise<void> {
  const isEnding = ({ metadata }: Named) => metadata.deletionTimestamp !== undefined;
  const { items } = await waitFor(client, pods(app), ({ items }) => items.some(isEnding));
  const { name } = items.find(isEnding).metadata;
  await client({ method: 'DELETE', path: `${CORE}/pods/${name}`, body: { gracePeriodSeconds: 0 } });
}
