import { randomBytes } from 'node:crypto';
import { type KubernetesApi, KubernetesApiError } from '../kubernetes-api.ts';
import type { Pod } from '../kubernetes-objects.ts';

export type PodEvent = {
  readonly reason: string;
  readonly message: string;
  /** `Normal` by default. */
  readonly type?: 'Normal' | 'Warning';
  readonly container?: string;
  /** `kubelet` by default. */
  readonly component?: string;
};

type Teller = {
  readonly api: KubernetesApi;
  readonly node: string;
  readonly timestamp: () => string;
};

/**
 * Writes a pod's events in order; one that repeats grows its count, as kubelets do. Best effort: an event that
 * cannot be written is lost.
 */
export function createPodEvents(teller: Teller, pod: Pod): (event: PodEvent) => void {
  const written = new Map<string, { readonly name: string; count: number }>();
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/events`;
  let queue = Promise.resolve();
  const write = async (event: PodEvent) => {
    const key = JSON.stringify(event);
    const known = written.get(key);
    if (known === undefined) {
      const body = eventObject(teller, pod, event);
      await teller.api.create(path, body);
      written.set(key, { name: body.metadata.name, count: 1 });
      return;
    }
    known.count += 1;
    const change = { count: known.count, lastTimestamp: teller.timestamp() };
    await teller.api.patch(`${path}/${known.name}`, change);
  };
  return (event) => {
    queue = queue.then(() => write(event)).catch(dropRefusal);
  };
}

function eventObject({ node, timestamp }: Teller, pod: Pod, event: PodEvent) {
  const { namespace, name, uid } = pod.metadata;
  const { reason, message, type = 'Normal', container, component = 'kubelet' } = event;
  const now = timestamp();
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace,
      name,
      uid,
      ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
    },
    reason,
    message,
    type,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: component === 'kubelet' ? { component, host: node } : { component },
    reportingComponent: component,
    reportingInstance: node,
  };
}

function dropRefusal(error: unknown): void {
  if (!(error instanceof KubernetesApiError)) throw error;
}
