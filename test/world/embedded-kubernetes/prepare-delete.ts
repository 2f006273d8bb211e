import { preconditionFailed } from './api-error.ts';
import { isJsonObject } from './json-value.ts';
import type { Propagation, Resource } from './resource.ts';
import { type StoredObject, timestamp } from './stored-object.ts';

export type DeleteOptions = {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: Propagation | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
};

/** What a deletion does first: end the object, or mark it and leave the end to somebody. */
export type Deletion =
  | { readonly step: 'remove'; readonly marked: StoredObject | undefined }
  | { readonly step: 'mark'; readonly object: StoredObject }
  | { readonly step: 'nothing' };

const DEFAULT_GRACE_SECONDS = 30;

const FINALIZERS = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined } as const;

/**
 * Decides how a deletion begins. A pod on a node is only marked: its kubelet ends it. An object with finalizers
 * waits for those who set them.
 * @throws ApiError 409 when the object is not the one that was meant
 */
export function prepareDelete(
  resource: Resource,
  current: StoredObject,
  { nowMs, ...options }: DeleteOptions & { readonly nowMs: number },
): Deletion {
  assertMeant(resource, current, options);
  if (resource.plural === 'namespaces') return markNamespace(current, nowMs);
  const finalizers = finalizersOf(current, options.propagationPolicy ?? resource.defaultPropagation);
  if (finalizers.length > 0) return markFinalizing(current, finalizers, nowMs);
  return resource.plural === 'pods' ? endPod(current, options, nowMs) : { step: 'remove', marked: undefined };
}

function assertMeant(resource: Resource, { metadata }: StoredObject, meant: DeleteOptions): void {
  const { name, uid, resourceVersion } = metadata;
  if (meant.uid !== undefined && meant.uid !== uid) {
    const match = `the UID in the precondition (${meant.uid}) does not match the UID in record (${uid})`;
    const why = `${match}. The object might have been deleted and then recreated`;
    throw preconditionFailed(resource, name, why);
  }
  if (meant.resourceVersion === undefined || meant.resourceVersion === resourceVersion) return;
  const asked = `the ResourceVersion in the precondition (${meant.resourceVersion})`;
  const why = `${asked} does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
  throw preconditionFailed(resource, name, why);
}

function finalizersOf({ metadata }: StoredObject, propagation: Propagation): string[] {
  const others = (metadata.finalizers ?? []).filter(
    (name) => !Object.values<unknown>(FINALIZERS).includes(name),
  );
  const own = FINALIZERS[propagation];
  return own === undefined ? others : [...others, own];
}

function markNamespace(current: StoredObject, nowMs: number): Deletion {
  if (current.metadata.deletionTimestamp !== undefined) return { step: 'nothing' };
  const metadata = { ...current.metadata, deletionTimestamp: timestamp(nowMs) };
  return { step: 'mark', object: { ...current, metadata, status: { phase: 'Terminating' } } };
}

function markFinalizing(current: StoredObject, finalizers: readonly string[], nowMs: number): Deletion {
  if (current.metadata.deletionTimestamp !== undefined) return { step: 'nothing' };
  const object = marked(current, 0, nowMs);
  return { step: 'mark', object: { ...object, metadata: { ...object.metadata, finalizers } } };
}

function endPod(current: StoredObject, options: DeleteOptions, nowMs: number): Deletion {
  const graceSeconds = graceSecondsOf(current, options);
  const { deletionGracePeriodSeconds, deletionTimestamp } = current.metadata;
  if (graceSeconds === 0) return { step: 'remove', marked: marked(current, 0, nowMs) };
  const isShorter = deletionTimestamp === undefined || graceSeconds < (deletionGracePeriodSeconds ?? 0);
  return isShorter ? { step: 'mark', object: marked(current, graceSeconds, nowMs) } : { step: 'nothing' };
}

/** A pod that no kubelet has, or that has ended, needs no grace. */
function graceSecondsOf(pod: StoredObject, { gracePeriodSeconds }: DeleteOptions): number {
  const spec = isJsonObject(pod.spec) ? pod.spec : {};
  const phase = isJsonObject(pod.status) ? pod.status.phase : undefined;
  if (!spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  const own = spec.terminationGracePeriodSeconds;
  return gracePeriodSeconds ?? (typeof own === 'number' ? own : DEFAULT_GRACE_SECONDS);
}

/** The deadline of the deletion is in the future by the grace; the first mark is a new generation. */
function marked(current: StoredObject, graceSeconds: number, nowMs: number): StoredObject {
  const { generation, deletionTimestamp } = current.metadata;
  const isFirst = deletionTimestamp === undefined && generation !== undefined;
  return {
    ...current,
    metadata: {
      ...current.metadata,
      ...(isFirst ? { generation: generation + 1 } : {}),
      deletionTimestamp: timestamp(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    },
  };
}
