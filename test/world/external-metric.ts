import { setTimeout as delay } from 'node:timers/promises';
import { type KubernetesApi, KubernetesApiError } from './kubernetes-api.ts';

const GROUP = 'external.metrics.k8s.io';
const CONFLICT = 409;
const SERVED_WITHIN_MS = 20_000;
const POLL_MS = 50;

export type QueueLength = { readonly namespace: string; readonly workload: string; readonly value: string };

/**
 * Gives the metric `queue` a first value for one workload. A list of custom resources looks just as the list of values
 * that an autoscaler asks for, so no metrics server is needed.
 * @throws KubernetesApiError when the API server does not serve it in time
 */
export async function createQueue(api: KubernetesApi, queue: QueueLength): Promise<void> {
  await defineMetric(api);
  const { namespace, workload, value } = queue;
  const timestamp = `${new Date().toISOString().slice(0, 19)}Z`;
  const body = {
    apiVersion: `${GROUP}/v1beta1`,
    kind: 'ExternalMetricValue',
    metadata: { name: workload, labels: { workload } },
    ...{ metricName: 'queue', metricLabels: {}, timestamp, value },
  };
  const endsAtMs = Date.now() + SERVED_WITHIN_MS;
  for (;;) {
    const refusal = await api.create(pathOf(namespace), body).then(() => undefined, asRefusal);
    if (refusal === undefined) return;
    if (Date.now() > endsAtMs) throw refusal;
    await delay(POLL_MS);
  }
}

export async function setQueue(
  api: KubernetesApi,
  { namespace, workload, value }: QueueLength,
): Promise<void> {
  await api.patch(`${pathOf(namespace)}/${workload}`, { value });
}

/** An autoscaler that follows the queue of the Deployment of its name, with a pod for each 10, from 0 to 4. */
export function queueAutoscaler(name: string) {
  const metric = { name: 'queue', selector: { matchLabels: { workload: name } } };
  const target = { type: 'AverageValue', averageValue: '10' };
  return {
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      ...{ minReplicas: 0, maxReplicas: 4 },
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
      metrics: [{ type: 'External', external: { metric, target } }],
    },
  };
}

function pathOf(namespace: string): string {
  return `/apis/${GROUP}/v1beta1/namespaces/${namespace}/queue`;
}

/** Not yet served. */
function asRefusal(error: unknown): KubernetesApiError {
  if (error instanceof KubernetesApiError) return error;
  throw error;
}

/** Once is enough: the second time it is there. */
async function defineMetric(api: KubernetesApi): Promise<void> {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = { name: 'v1beta1', served: true, storage: true, schema: { openAPIV3Schema } };
  const annotations = { 'api-approved.kubernetes.io': 'unapproved, a stand-in' };
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `queue.${GROUP}`, annotations },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'queue', kind: 'ExternalMetricValue', listKind: 'ExternalMetricValueList' },
      versions: [version],
    },
  };
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await api.create(path, body).catch((error: unknown) => {
    if (!(error instanceof KubernetesApiError && error.status === CONFLICT)) throw error;
  });
}
