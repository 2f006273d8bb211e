import { isDeepEqual } from '../json-value.ts';
import { labelSelectorOf, matchesLabels } from '../label-selector.ts';
import { ENDPOINT_SLICES } from '../resources/endpoint-slice.ts';
import { PODS } from '../resources/pod.ts';
import { SERVICES } from '../resources/service.ts';
import type { Change } from '../store.ts';
import { keyOf, type ObjectKey, type StoredObject } from '../stored-object.ts';
import type { Pod, Service } from './controlled-objects.ts';
import {
  CONTROLLER_WRITE,
  type Controller,
  type ControllerWorld,
  controllerReference,
  ownerKeys,
} from './controller.ts';
import { createLabelPairIndex, type LabelPairIndex, labelPairs } from './label-pair-index.ts';
import { planEndpointSlices, type SliceContent } from './plan-endpoint-slices.ts';

const OWNER = { apiVersion: 'v1', kind: 'Service' };

type SliceWorld = ControllerWorld & {
  readonly podsByLabel: LabelPairIndex;
  /** By one pair of their selector, any: it must hold for all their pods. */
  readonly servicesBySelector: LabelPairIndex;
};

/** Sees to it that the EndpointSlices of a Service name the pods that its selector finds. */
export function createEndpointSliceController(world: ControllerWorld): Controller & { stop: () => void } {
  const podsByLabel = createLabelPairIndex(world.registry, PODS, ({ metadata }) =>
    labelPairs(metadata.labels),
  );
  const servicesBySelector = createLabelPairIndex(world.registry, SERVICES, (service) =>
    labelPairs((service as Service).spec.selector).slice(0, 1),
  );
  const sliceWorld = { ...world, podsByLabel, servicesBySelector };
  return {
    keysOf: (change) => keysOf(sliceWorld, change),
    reconcile: (key) => reconcile(sliceWorld, key),
    stop: () => {
      podsByLabel.stop();
      servicesBySelector.stop();
    },
  };
}

function keysOf(world: SliceWorld, change: Change): readonly ObjectKey[] {
  if (change.resource === SERVICES) return [keyOf(change.object)];
  if (change.resource === ENDPOINT_SLICES) return ownerKeys(change, 'Service');
  if (change.resource !== PODS) return [];
  const versions = change.previous === undefined ? [change.object] : [change.object, change.previous];
  return versions.flatMap((pod) => servicesOf(world, pod));
}

function servicesOf({ servicesBySelector }: SliceWorld, { metadata }: StoredObject): readonly ObjectKey[] {
  const { namespace = '', labels } = metadata;
  return labelPairs(labels).flatMap((pair) => servicesBySelector.find(namespace, pair));
}

/** A Service without a selector is left to whoever writes its slices. */
function reconcile(world: SliceWorld, key: ObjectKey): undefined {
  const service = world.registry.find({ resource: SERVICES, key }) as Service | undefined;
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
  const [pair] = labelPairs(service.spec.selector);
  if (pair === undefined || service.spec.type === 'ExternalName') return;
  const contents = planEndpointSlices(service, selectedPods(world, service, pair));
  const slices = world.owned.ownedBy(service.metadata.uid, ENDPOINT_SLICES);
  contents.forEach((content, index) => {
    writeSlice(world, service, { content, slice: slices[index] });
  });
  for (const slice of slices.slice(contents.length)) {
    world.registry.delete({ resource: ENDPOINT_SLICES, key: keyOf(slice) }, {});
  }
}

function selectedPods(world: SliceWorld, service: Service, pair: readonly [string, string]): readonly Pod[] {
  const selector = labelSelectorOf({ matchLabels: service.spec.selector ?? {} }) ?? [];
  const keys = world.podsByLabel.find(service.metadata.namespace ?? '', pair);
  const pods = keys.flatMap((key) => (world.registry.find({ resource: PODS, key }) as Pod | undefined) ?? []);
  const selected = pods.filter(({ metadata }) => matchesLabels(selector, metadata.labels));
  return selected.toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
}

type SliceWrite = { readonly content: SliceContent; readonly slice: StoredObject | undefined };

function writeSlice({ registry }: SliceWorld, service: Service, { content, slice }: SliceWrite): void {
  const labels = sliceLabels(service);
  if (slice === undefined) {
    registry.create(ENDPOINT_SLICES, { ...sliceDraft(service, labels), ...content }, CONTROLLER_WRITE);
    return;
  }
  const isSame = isDeepEqual(slice.endpoints, content.endpoints) && isDeepEqual(slice.ports, content.ports);
  if (isSame && isDeepEqual(slice.metadata.labels, labels)) return;
  const change = (current: StoredObject) => ({
    ...current,
    ...content,
    metadata: { ...current.metadata, labels },
  });
  registry.update({ resource: ENDPOINT_SLICES, key: keyOf(slice) }, change, CONTROLLER_WRITE);
}

function sliceDraft(service: Service, labels: Readonly<Record<string, string>>) {
  const { namespace, name } = service.metadata;
  const ownerReferences = [controllerReference(service, OWNER)];
  return { metadata: { generateName: `${name}-`, namespace, labels, ownerReferences }, addressType: 'IPv4' };
}

function sliceLabels({ metadata, spec }: Service): Readonly<Record<string, string>> {
  return {
    ...metadata.labels,
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    'kubernetes.io/service-name': metadata.name,
    ...(spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
  };
}
