import type { Registry } from '../registry.ts';
import { runController } from './controller.ts';
import { createDeploymentController } from './deployment.ts';
import { createEndpointSliceController } from './endpoint-slice.ts';
import { createEventRecorder } from './event-recorder.ts';
import { startGarbageCollector } from './garbage-collector.ts';
import { createAutoscalerController } from './horizontal-pod-autoscaler.ts';
import { createNamespaceController } from './namespace.ts';
import { createOwnerIndex } from './owner-index.ts';
import { createReplicaSetController } from './replica-set.ts';
import { createStatefulSetController } from './stateful-set.ts';

type ControllersOptions = { readonly now: () => number; readonly autoscalerSyncMs: number };

/** Starts what kube-controller-manager is to a branch. Returns the way to stop it. */
export function startControllers(
  registry: Registry,
  { now, autoscalerSyncMs }: ControllersOptions,
): () => void {
  // First, so that it knows of a change before a controller asks about it.
  const owned = createOwnerIndex(registry);
  const world = { registry, owned, events: createEventRecorder(registry, now), now };
  const endpointSlices = createEndpointSliceController(world);
  const controllers = [
    createDeploymentController(world),
    createReplicaSetController(world),
    createStatefulSetController(world),
    endpointSlices,
    createNamespaceController(world),
    createAutoscalerController(world, autoscalerSyncMs),
  ];
  const stops = controllers.map((controller) => runController(registry, controller));
  const stopCollecting = startGarbageCollector(world);
  return () => {
    for (const stop of [...stops, stopCollecting, endpointSlices.stop, owned.stop]) stop();
  };
}
