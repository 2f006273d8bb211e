import type { Endpoint, EndpointSlice, Service } from './kubernetes-objects.ts';

/** A Service and its slices, as last seen. */
export type ServiceView = {
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
};

/**
 * Addresses of the pods that traffic of this Service goes to: those that are ready or, where there are none, those
 * that still serve while they terminate. A headless Service is reached on the pod's own port: elsewhere nobody is.
 * Source: kubernetes 1.37, pkg/proxy/topology.go; an absent `ready` counts as true.
 */
export function servingAddresses(view: ServiceView): readonly string[] {
  if (view.service === undefined || !isReachedOnItsPort(view)) return [];
  return publishedAddresses(view);
}

/** The same, whatever the port: what the cluster's DNS says of a headless Service. */
export function publishedAddresses({ slices }: ServiceView): readonly string[] {
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  return (ready.length > 0 ? ready : endpoints.filter(isEndingButServing)).flatMap(firstAddress);
}

/** Whether the Service has no address of its own. */
export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None';
}

function isReachedOnItsPort({ service, slices }: ServiceView): boolean {
  if (service === undefined || !isHeadless(service)) return true;
  const own = slices.flatMap((slice) => slice.ports ?? []).map(({ port }) => port);
  return (service.spec.ports ?? []).some(({ port }) => own.includes(port));
}

function isEndingButServing({ conditions }: Endpoint): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

function firstAddress({ addresses }: Endpoint): readonly string[] {
  return addresses.slice(0, 1);
}
