import type { BranchView } from '../../core/branch-view.ts';

/** What we read of a Service, as JSON or as client-node's object. */
export type ServiceObject = {
  readonly spec?: {
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly Port[];
  };
};

/** What we read of an EndpointSlice. A missing list is null on the wire. */
export type SliceObject = {
  readonly metadata?: { readonly name?: string };
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly Port[] | null;
};

type Port = { readonly name?: string | null; readonly port?: number | null };

type Endpoint = {
  readonly addresses?: readonly string[];
  readonly conditions?: { readonly serving?: boolean | null; readonly terminating?: boolean | null };
  readonly targetRef?: { readonly uid?: string };
};

/** The label by which a slice names its Service. */
export const SERVICE_LABEL = 'kubernetes.io/service-name';

export function serviceState(service: ServiceObject | undefined): BranchView['service'] {
  if (service === undefined) return 'missing';
  return Object.keys(service.spec?.selector ?? {}).length === 0 ? 'without-selector' : 'with-endpoints';
}

/**
 * Counts the endpoints that serve, are not terminating, and are on a port that a client of the Service reaches; each
 * once, although it may be in several slices. None for a Service without selector: whoever writes its slices does not
 * tell us when they serve.
 *
 * Source: Kubernetes, EndpointSlice: an absent `serving` counts as true, and readers join all slices of a Service.
 */
export function countServing(service: ServiceObject | undefined, slices: readonly SliceObject[]): number {
  if (serviceState(service) !== 'with-endpoints') return 0;
  const serving = slices
    .filter((slice) => isOnReachedPort(service?.spec ?? {}, slice))
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(isServing);
  return new Set(serving.map(identityOf)).size;
}

function isServing({ conditions }: Endpoint): boolean {
  return conditions?.serving !== false && conditions?.terminating !== true;
}

/**
 * A Service's own address leads to whatever port the slice names; a headless one has none, and its clients go to the
 * pod by the Service's port. A slice that lacks a port of the Service is of pods that do not offer it.
 */
function isOnReachedPort(
  { clusterIP, ports: ofService = [] }: NonNullable<ServiceObject['spec']>,
  { ports: ofSlice }: SliceObject,
): boolean {
  const isHeadless = clusterIP === 'None';
  if (isHeadless && ofService.length === 0) return true;
  return ofService.some((outer) =>
    (ofSlice ?? []).some(
      (inner) => (inner.name ?? '') === (outer.name ?? '') && (!isHeadless || inner.port === outer.port),
    ),
  );
}

function identityOf({ targetRef, addresses = [] }: Endpoint): string {
  return targetRef?.uid ?? addresses.join();
}
