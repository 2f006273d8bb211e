import type { Registry } from '../registry.ts';
import { findResourceOfKind } from '../resources/find-resource.ts';
import type { Change } from '../store.ts';
import { keyOf, type ObjectKey, type OwnerReference, type StoredObject } from '../stored-object.ts';
import { CONTROLLER_WRITE, type ControllerWorld } from './controller.ts';
import type { Dependent } from './owner-index.ts';
import { createWorkQueue } from './work-queue.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Deletes what has no owner any more, and owners that wait for what they own. Returns the way to stop it. */
export function startGarbageCollector(world: ControllerWorld): () => void {
  const places = new Map<string, Dependent>();
  const queue = createWorkQueue((uid) => {
    const place = places.get(uid);
    places.delete(uid);
    if (place !== undefined) collect(world, place);
    return undefined;
  });
  const look = (place: Dependent, uid: string) => {
    places.set(uid, place);
    queue.add(uid);
  };
  const stopListening = world.registry.subscribe((change) => {
    for (const { place, uid } of affected(world, change)) look(place, uid);
  });
  return () => {
    stopListening();
    queue.stop();
  };
}

type Affected = { readonly place: Dependent; readonly uid: string };

/** A deleted object's dependents and owners, and whatever is new or changed itself. */
function affected(
  { owned, registry }: ControllerWorld,
  { type, resource, object }: Change,
): readonly Affected[] {
  const { uid, ownerReferences = [], finalizers = [] } = object.metadata;
  if (type !== 'DELETED') {
    const isWorthALook = ownerReferences.length > 0 || finalizers.length > 0;
    return isWorthALook ? [{ place: { resource, key: keyOf(object) }, uid }] : [];
  }
  const dependents = owned
    .dependentsOf(uid)
    .map((place) => ({ place, uid: `${uid}>${place.resource.plural}/${place.key.name}` }));
  const owners = ownerReferences.flatMap((owner) => {
    const place = placeOfOwner(object, owner);
    const isWaiting = place !== undefined && registry.find(place)?.metadata.deletionTimestamp !== undefined;
    return isWaiting ? [{ place, uid: owner.uid }] : [];
  });
  return [...dependents, ...owners];
}

function placeOfOwner({ metadata }: StoredObject, owner: OwnerReference): Dependent | undefined {
  const resource = findResourceOfKind(owner.apiVersion, owner.kind);
  if (resource === undefined) return undefined;
  const namespace = resource.isNamespaced ? (metadata.namespace ?? '') : '';
  return { resource, key: { namespace, name: owner.name } };
}

function collect(world: ControllerWorld, place: Dependent): void {
  const object = world.registry.find(place);
  if (object === undefined) return;
  const { finalizers = [], deletionTimestamp } = object.metadata;
  if (isOwnerless(world.registry, object)) world.registry.delete(place, {});
  else if (deletionTimestamp === undefined) return;
  else if (finalizers.includes(ORPHAN)) releaseAll(world, place, object);
  else if (finalizers.includes(FOREGROUND)) endOwned(world, place, object);
}

/** Whether it had owners and all of them are gone. One of a kind that is not served here counts as being there. */
function isOwnerless(registry: Registry, object: StoredObject): boolean {
  const { ownerReferences = [], deletionTimestamp } = object.metadata;
  if (ownerReferences.length === 0 || deletionTimestamp !== undefined) return false;
  return ownerReferences.every((owner) => {
    const place = placeOfOwner(object, owner);
    return place !== undefined && registry.find(place)?.metadata.uid !== owner.uid;
  });
}

function endOwned({ owned, registry }: ControllerWorld, place: Dependent, owner: StoredObject): void {
  const dependents = owned.dependentsOf(owner.metadata.uid);
  for (const dependent of dependents) {
    const isGoing = registry.find(dependent)?.metadata.deletionTimestamp !== undefined;
    if (!isGoing) registry.delete(dependent, { propagationPolicy: 'Foreground' });
  }
  if (owned.dependentsOf(owner.metadata.uid).length === 0) dropFinalizer(registry, place, FOREGROUND);
}

function releaseAll({ owned, registry }: ControllerWorld, place: Dependent, owner: StoredObject): void {
  for (const dependent of owned.dependentsOf(owner.metadata.uid)) {
    const release = (object: StoredObject) => {
      const left = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid);
      return { ...object, metadata: { ...object.metadata, ownerReferences: left } };
    };
    registry.update(dependent, release, CONTROLLER_WRITE);
  }
  dropFinalizer(registry, place, ORPHAN);
}

function dropFinalizer(
  registry: Registry,
  target: { resource: Dependent['resource']; key: ObjectKey },
  name: string,
) {
  const drop = (object: StoredObject) => {
    const finalizers = object.metadata.finalizers?.filter((finalizer) => finalizer !== name);
    return { ...object, metadata: { ...object.metadata, finalizers } };
  };
  registry.update(target, drop, CONTROLLER_WRITE);
}
