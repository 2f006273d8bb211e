import { alreadyExists, forbidden, notFound } from './api-error.ts';
import { type PreparedWrite, prepareCreate } from './prepare-create.ts';
import { type DeleteOptions, prepareDelete } from './prepare-delete.ts';
import { prepareUpdate } from './prepare-update.ts';
import type { Resource, Subresource } from './resource.ts';
import { NAMESPACES } from './resources/namespace.ts';
import type { Change, Store } from './store.ts';
import { type Draft, keyOf, type ObjectKey, type StoredObject } from './stored-object.ts';

/** Who writes, as `managedFields` shows it. A dry run is judged in full and changes nothing. */
export type Write = { readonly manager: string; readonly isDryRun?: boolean };

export type Target = {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly subresource?: Subresource | undefined;
};

/** May refuse an object that is about to be created. @throws ApiError */
export type Admission = (resource: Resource, object: StoredObject) => void;

/** The rules of the API, for HTTP clients and for controllers alike. Each call is one transaction. */
export type Registry = {
  /** @throws ApiError 404 */
  readonly get: (target: Target) => StoredObject;
  readonly find: (target: Target) => StoredObject | undefined;
  readonly list: (resource: Resource, namespace?: string) => readonly StoredObject[];
  /** @throws ApiError 403 refused, 404 no such namespace, 409 exists, 422 not valid */
  readonly create: (resource: Resource, draft: Draft, write: Write) => StoredObject;
  /** @throws ApiError 404, 409 another version, 422 not valid; whatever `change` throws */
  readonly update: (target: Target, change: (current: StoredObject) => Draft, write: Write) => StoredObject;
  /** Returns the object as it was last. @throws ApiError 404, 409 */
  readonly delete: (target: Target, options: DeleteOptions & Partial<Write>) => Deleted;
  readonly subscribe: (listener: (change: Change) => void) => () => void;
};

export type Deleted = { readonly object: StoredObject; readonly isGone: boolean };

export type RegistryOptions = {
  readonly store: Store;
  readonly admit: Admission;
  readonly now: () => number;
};

export function createRegistry({ store, admit, now }: RegistryOptions): Registry {
  const prepared = ({ manager }: Write): PreparedWrite => ({ manager, nowMs: now() });
  const find = ({ resource, key }: Target) => store.find(resource, key);
  const get = (target: Target) => {
    const object = find(target);
    if (object === undefined) throw notFound(target.resource, target.key.name);
    return object;
  };
  return {
    find,
    get,
    list: (resource, namespace) => store.list(resource, namespace),
    subscribe: store.subscribe,
    create: (resource, draft, write) => {
      assertNamespace(store, resource, draft);
      const object = prepareCreate(resource, draft, prepared(write));
      admit(resource, object);
      if (find({ resource, key: keyOf(object) })) throw alreadyExists(resource, object.metadata.name);
      return write.isDryRun ? object : store.put(resource, object);
    },
    update: (target, change, write) => {
      const current = get(target);
      const update = { resource: target.resource, current, subresource: target.subresource };
      const next = prepareUpdate(update, change(current), prepared(write));
      if (next === current || write.isDryRun) return next;
      return isAtItsEnd(next) ? store.remove(target.resource, next) : store.put(target.resource, next);
    },
    delete: (target, options) => {
      const current = get(target);
      const deletion = prepareDelete(target.resource, current, { ...options, nowMs: now() });
      if (deletion.step === 'nothing') return { object: current, isGone: false };
      if (options.isDryRun) return { object: current, isGone: deletion.step === 'remove' };
      if (deletion.step === 'mark') {
        return { object: store.put(target.resource, deletion.object), isGone: false };
      }
      const last = deletion.marked === undefined ? current : store.put(target.resource, deletion.marked);
      store.remove(target.resource, last);
      return { object: last, isGone: true };
    },
  };
}

function assertNamespace(store: Store, resource: Resource, { metadata }: Draft): void {
  if (!resource.isNamespaced) return;
  const name = metadata.namespace ?? '';
  const namespace = store.find(NAMESPACES, { namespace: '', name });
  if (namespace === undefined) throw notFound(NAMESPACES, name);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  throw forbidden(resource, metadata.name ?? '', why);
}

/** A deletion that waited for finalizers ends with the last of them. A pod's end is its kubelet's to say. */
function isAtItsEnd({ metadata, spec }: StoredObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds > 0) return false;
  return finalizers.length === 0 && namespaceFinalizers(spec).length === 0;
}

function namespaceFinalizers(spec: unknown): readonly unknown[] {
  const finalizers = (spec as { finalizers?: unknown } | undefined)?.finalizers;
  return Array.isArray(finalizers) ? finalizers : [];
}
