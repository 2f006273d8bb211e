import { RESOURCES } from '../resources/find-resource.ts';
import { NAMESPACES } from '../resources/namespace.ts';
import { keyOf, type ObjectKey } from '../stored-object.ts';
import { CONTROLLER_WRITE, type Controller, type ControllerWorld } from './controller.ts';

/** Empties a namespace that is to go, then lets it. */
export function createNamespaceController(world: ControllerWorld): Controller {
  return {
    keysOf: ({ resource, type, object }) => {
      if (resource === NAMESPACES) return [keyOf(object)];
      const isGone = type === 'DELETED' && resource.isNamespaced;
      return isGone ? [{ namespace: '', name: object.metadata.namespace ?? '' }] : [];
    },
    reconcile: (key) => reconcile(world, key),
  };
}

function reconcile({ registry }: ControllerWorld, key: ObjectKey): undefined {
  const namespace = registry.find({ resource: NAMESPACES, key });
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  const resources = RESOURCES.filter(({ isNamespaced }) => isNamespaced);
  for (const resource of resources) {
    for (const object of registry.list(resource, key.name)) {
      const isGoing = object.metadata.deletionTimestamp !== undefined;
      if (!isGoing) registry.delete({ resource, key: keyOf(object) }, {});
    }
  }
  if (resources.some((resource) => registry.list(resource, key.name).length > 0)) return;
  const target = { resource: NAMESPACES, key, subresource: 'finalize' as const };
  registry.update(target, (current) => ({ ...current, spec: { finalizers: [] } }), CONTROLLER_WRITE);
}
