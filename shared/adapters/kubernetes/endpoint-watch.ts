import type { WatchCluster } from '../../ports.ts';
import type { HttpStream } from '../rest/http-stream.ts';
import type { BranchObjects } from './branch-objects.ts';
import { answerError, failureError, type KubernetesCall } from './kubernetes-error.ts';
import type { KubernetesTarget } from './kubernetes-rest.ts';
import { countServing, SERVICE_LABEL, type ServiceObject, type SliceObject } from './serving-endpoints.ts';

export type EndpointWatch = {
  readonly branch: string;
  readonly onServing: Parameters<WatchCluster['watchEndpoints']>[1];
  readonly signal: AbortSignal;
};

type Source = KubernetesTarget & { readonly objects: Pick<BranchObjects, 'service' | 'slices'> };
type WatchEvent = { readonly type: string; readonly object: SliceObject };

/** The server ends the watch after this, and the caller opens another. */
const WATCH_SECONDS = 600;
/** Longer than the watch: what is silent for so long is not there any more. */
const MAX_SILENCE_MS = 660_000;
const EXPIRED = 410;

/**
 * Counts the serving endpoints of one Service by a list, and then by one watch that goes on from it. The Service
 * itself is read once, at the start. Resolves at once when `signal` is aborted, and tells nothing after that.
 *
 * @throws ClusterError when the list or the watch is refused, or says what cannot be read
 */
export async function watchEndpoints(source: Source, watch: EndpointWatch): Promise<void> {
  const { signal } = watch;
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener('abort', onAbort);
  try {
    await Promise.race([follow(source, watch), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function follow(source: Source, watch: EndpointWatch): Promise<void> {
  const { objects } = source;
  const [service, list] = await Promise.all([objects.service(watch.branch), objects.slices(watch.branch)]);
  const slices = new Map(list.items.map((slice) => [nameOf(slice), slice as SliceObject]));
  const tell = createTeller(watch, service);
  tell(slices);
  const { status, body, lines } = await openWatch(source, watch, list.metadata?.resourceVersion ?? '');
  if (status === EXPIRED) return;
  if (status !== 200) throw answerError(callOf(source), status, body);
  for await (const event of eventsOf(source, lines)) {
    if (event.type === 'ERROR') return; // the position is too old, or the server lost it: the next list knows
    apply(slices, event);
    tell(slices);
  }
}

async function openWatch(
  source: Source,
  { branch, signal }: EndpointWatch,
  resourceVersion: string,
): Promise<HttpStream> {
  const namespace = encodeURIComponent(source.namespace);
  try {
    return await source.transport.stream({
      method: 'GET',
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        labelSelector: `${SERVICE_LABEL}=${branch}`,
        resourceVersion,
        timeoutSeconds: String(WATCH_SECONDS),
      },
      signal,
      maxSilenceMs: MAX_SILENCE_MS,
    });
  } catch (error) {
    throw failureError(callOf(source), error);
  }
}

async function* eventsOf(source: Source, lines: AsyncIterable<string>): AsyncGenerator<WatchEvent> {
  try {
    for await (const line of lines) yield JSON.parse(line);
  } catch (error) {
    throw failureError(callOf(source), error);
  }
}

function apply(slices: Map<string, SliceObject>, { type, object }: WatchEvent): void {
  if (type === 'DELETED') slices.delete(nameOf(object));
  else if (type === 'ADDED' || type === 'MODIFIED') slices.set(nameOf(object), object);
}

function createTeller({ onServing, signal }: EndpointWatch, service: ServiceObject | undefined) {
  let told: number | undefined;
  return (slices: ReadonlyMap<string, SliceObject>) => {
    const serving = countServing(service, [...slices.values()]);
    if (serving === told || signal.aborted) return;
    told = serving;
    onServing(serving);
  };
}

function callOf({ namespace }: Source): KubernetesCall {
  return { verb: 'watch', resource: 'endpointslices', namespace };
}

function nameOf({ metadata }: SliceObject): string {
  return metadata?.name ?? '';
}
