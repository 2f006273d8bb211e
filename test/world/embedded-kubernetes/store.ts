import { createHistory } from './history.ts';
import type { Resource } from './resource.ts';
import { keyOf, type ObjectKey, type StoredObject } from './stored-object.ts';

/** One write, in the order of versions. */
export type Change = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly version: number;
  readonly object: StoredObject;
  readonly previous?: StoredObject;
};

export type ChangeListener = (change: Change) => void;

/** Keeps objects and versions, and knows nothing of what they mean. */
export type Store = {
  /** The version of the latest write. */
  readonly version: () => number;
  readonly find: (resource: Resource, key: ObjectKey) => StoredObject | undefined;
  /** All objects, of one namespace or of all (`undefined`), in the order of namespace and name. A snapshot. */
  readonly list: (resource: Resource, namespace: string | undefined) => readonly StoredObject[];
  /** Adds or replaces, and returns the object with its version. */
  readonly put: (resource: Resource, object: StoredObject) => StoredObject;
  readonly remove: (resource: Resource, object: StoredObject) => StoredObject;
  /** The changes after a version, or `undefined` where they are forgotten. */
  readonly changesSince: (version: number) => readonly Change[] | undefined;
  readonly forgetHistory: () => void;
  /** Hears of every later change. Returns the way to stop. */
  readonly subscribe: (listener: ChangeListener) => () => void;
};

type Collection = {
  readonly namespaces: Map<string, Map<string, StoredObject>>;
  /** Sorted names, of those namespaces where none came or went since they were sorted. */
  readonly orders: Map<string, readonly string[]>;
  /** Lists that were read since the last write; the key is the namespace, or '*'. */
  readonly lists: Map<string, readonly StoredObject[]>;
};

export function createStore(historyLimit: number): Store {
  const collectionOf = createCollections();
  const listeners = new Set<ChangeListener>();
  const history = createHistory(historyLimit);
  let version = 1;

  const find = (resource: Resource, { namespace, name }: ObjectKey) =>
    collectionOf(resource).namespaces.get(namespace)?.get(name);
  const commit = (change: Change) => {
    const { lists, orders } = collectionOf(change.resource);
    lists.clear();
    if (change.type !== 'MODIFIED') orders.delete(change.object.metadata.namespace ?? '');
    history.append(change);
    for (const listener of listeners) listener(change);
    return change.object;
  };
  const stamp = (object: StoredObject): StoredObject => {
    version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
  };

  return {
    version: () => version,
    find,
    list: (resource, namespace) => readList(collectionOf(resource), namespace),
    put: (resource, draft) => {
      const object = stamp(draft);
      const previous = find(resource, keyOf(object));
      place(collectionOf(resource), object);
      return previous === undefined
        ? commit({ type: 'ADDED', resource, version, object })
        : commit({ type: 'MODIFIED', resource, version, object, previous });
    },
    remove: (resource, draft) => {
      const object = stamp(draft);
      const previous = find(resource, keyOf(object)) ?? object;
      displace(collectionOf(resource), object);
      return commit({ type: 'DELETED', resource, version, object, previous });
    },
    changesSince: history.since,
    forgetHistory: () => history.forget(version),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Finds the collection of a resource, or begins it. */
function createCollections(): (resource: Resource) => Collection {
  const collections = new Map<string, Collection>();
  return ({ group, plural }) => {
    const name = `${group}/${plural}`;
    const known = collections.get(name) ?? { namespaces: new Map(), orders: new Map(), lists: new Map() };
    collections.set(name, known);
    return known;
  };
}

function place({ namespaces }: Collection, object: StoredObject): void {
  const { namespace, name } = keyOf(object);
  const objects = namespaces.get(namespace) ?? new Map<string, StoredObject>();
  namespaces.set(namespace, objects.set(name, object));
}

function displace({ namespaces }: Collection, object: StoredObject): void {
  const { namespace, name } = keyOf(object);
  const objects = namespaces.get(namespace);
  objects?.delete(name);
  if (objects?.size === 0) namespaces.delete(namespace);
}

/** Sorts once for any number of reads between two writes: a page must not cost as much as the list. */
function readList(collection: Collection, namespace: string | undefined): readonly StoredObject[] {
  const { namespaces, lists } = collection;
  const cacheKey = namespace ?? '*';
  const cached = lists.get(cacheKey);
  if (cached !== undefined) return cached;
  const names = namespace === undefined ? [...namespaces.keys()].sort() : [namespace];
  const list = names.flatMap((name) => sortedByName(collection, name));
  lists.set(cacheKey, list);
  return list;
}

function sortedByName({ namespaces, orders }: Collection, namespace: string): readonly StoredObject[] {
  const objects = namespaces.get(namespace);
  if (objects === undefined) return [];
  const order = orders.get(namespace) ?? [...objects.keys()].sort();
  orders.set(namespace, order);
  return order.flatMap((name) => objects.get(name) ?? []);
}
