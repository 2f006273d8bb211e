import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';
import type { Change } from '../store.ts';
import { keyOf, type ObjectKey, type StoredObject } from '../stored-object.ts';

/** Finds what belongs to an owner without reading everything. */
export type OwnerIndex = {
  readonly ownedBy: (uid: string, resource: Resource) => readonly StoredObject[];
  /** Of every kind. */
  readonly dependentsOf: (uid: string) => readonly Dependent[];
  readonly stop: () => void;
};

export type Dependent = { readonly resource: Resource; readonly key: ObjectKey };

export function createOwnerIndex(registry: Registry): OwnerIndex {
  const dependents = new Map<string, Map<string, Dependent>>();
  const stop = registry.subscribe((change) => {
    if (change.previous !== undefined) forget(dependents, change.previous);
    if (change.type !== 'DELETED') learn(dependents, change);
  });
  const dependentsOf = (uid: string) => [...(dependents.get(uid)?.values() ?? [])];
  return {
    stop,
    dependentsOf,
    ownedBy: (uid, resource) =>
      dependentsOf(uid)
        .filter((dependent) => dependent.resource === resource)
        .flatMap((dependent) => registry.find(dependent) ?? []),
  };
}

type Dependents = Map<string, Map<string, Dependent>>;

function learn(dependents: Dependents, { resource, object }: Change): void {
  for (const { uid } of object.metadata.ownerReferences ?? []) {
    const known = dependents.get(uid) ?? new Map<string, Dependent>();
    dependents.set(uid, known.set(object.metadata.uid, { resource, key: keyOf(object) }));
  }
}

function forget(dependents: Dependents, previous: StoredObject): void {
  for (const { uid } of previous.metadata.ownerReferences ?? []) {
    const known = dependents.get(uid);
    known?.delete(previous.metadata.uid);
    if (known?.size === 0) dependents.delete(uid);
  }
}
