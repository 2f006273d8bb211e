import type { Pod, Service, ServicePort } from './controlled-objects.ts';
import { isFinished, isReady } from './pod-state.ts';

export type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
  readonly targetRef: object;
  readonly nodeName?: string;
};

export type SlicePort = { readonly name: string; readonly protocol: string; readonly port: number };

/** What one EndpointSlice says. Kubernetes writes null for "none". */
export type SliceContent = {
  readonly endpoints: readonly Endpoint[] | null;
  readonly ports: readonly SlicePort[] | null;
};

const NOTHING: SliceContent = { endpoints: null, ports: null };

/**
 * Says which slices a Service has: one for each set of port numbers, since a named port may be another number in
 * another pod; an empty one where no pod has an address yet.
 * Source: k8s.io/endpointslice/reconciler.go
 */
export function planEndpointSlices(service: Service, pods: readonly Pod[]): readonly SliceContent[] {
  const slices = new Map<string, { endpoints: Endpoint[]; ports: readonly SlicePort[] }>();
  for (const pod of pods) {
    const { podIP } = pod.status;
    if (!podIP || isFinished(pod.status)) continue;
    const ports = portsIn(service, pod);
    const slice = slices.get(JSON.stringify(ports)) ?? { endpoints: [], ports };
    slice.endpoints.push(endpointOf(service, pod, podIP));
    slices.set(JSON.stringify(ports), slice);
  }
  const contents = [...slices.values()];
  return contents.length === 0 ? [NOTHING] : contents;
}

function endpointOf({ spec }: Service, pod: Pod, address: string): Endpoint {
  const { namespace, name, uid, deletionTimestamp } = pod.metadata;
  const terminating = deletionTimestamp !== undefined;
  const serving = isReady(pod);
  const ready = spec.publishNotReadyAddresses === true || (serving && !terminating);
  const { nodeName } = pod.spec;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

/** A port by name is looked up in the pod; a pod without it has no such endpoint port. */
function portsIn({ spec }: Service, pod: Pod): readonly SlicePort[] {
  return (spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    return number === undefined ? [] : [{ name: port.name ?? '', protocol: port.protocol, port: number }];
  });
}

function targetPort({ targetPort: target, protocol }: ServicePort, { spec }: Pod): number | undefined {
  if (typeof target === 'number') return target;
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  return ports.find((port) => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}
