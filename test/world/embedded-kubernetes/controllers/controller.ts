import type { Registry, Write } from '../registry.ts';
import type { Change } from '../store.ts';
import type { ObjectKey, OwnerReference, StoredObject } from '../stored-object.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { OwnerIndex } from './owner-index.ts';
import { createWorkQueue } from './work-queue.ts';

/** Makes one thing so, again and again: what is there becomes what was asked for. */
export type Controller = {
  /** Which keys a change makes worth looking at. */
  readonly keysOf: (change: Change) => readonly ObjectKey[];
  /** Looks at one key, and says when to look again, in ms, if time alone may change something. */
  readonly reconcile: (key: ObjectKey) => number | undefined;
};

export type ControllerWorld = {
  readonly registry: Registry;
  readonly owned: OwnerIndex;
  readonly events: EventRecorder;
  readonly now: () => number;
};

/** How `managedFields` names the controllers. */
export const CONTROLLER_WRITE: Write = { manager: 'kube-controller-manager' };

/** Starts a controller on the changes of the registry. Returns the way to stop it. */
export function runController(registry: Registry, controller: Controller): () => void {
  const queue = createWorkQueue((item) => controller.reconcile(keyFrom(item)));
  const unsubscribe = registry.subscribe((change) => {
    for (const key of controller.keysOf(change)) queue.add(`${key.namespace}/${key.name}`);
  });
  return () => {
    unsubscribe();
    queue.stop();
  };
}

function keyFrom(item: string): ObjectKey {
  const slash = item.indexOf('/');
  return { namespace: item.slice(0, slash), name: item.slice(slash + 1) };
}

export function controllerOf({ metadata }: StoredObject, kind: string): OwnerReference | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === kind ? owner : undefined;
}

/** The keys of the owner of that kind, before and after a change: a pod may lose it. */
export function ownerKeys({ object, previous }: Change, kind: string): readonly ObjectKey[] {
  const owners = [object, previous].flatMap((version) =>
    version ? (controllerOf(version, kind) ?? []) : [],
  );
  const names = new Set(owners.map(({ name }) => name));
  return [...names].map((name) => ({ namespace: object.metadata.namespace ?? '', name }));
}

export function controllerReference(
  owner: StoredObject,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
