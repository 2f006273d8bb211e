import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';
import type { ObjectKey, StoredObject, StringMap } from '../stored-object.ts';

/** Finds objects by a label, or by whatever pairs they are indexed under, without reading all of a namespace. */
export type LabelPairIndex = {
  readonly find: (namespace: string, pair: LabelPair) => readonly ObjectKey[];
  readonly stop: () => void;
};

export type LabelPair = readonly [key: string, value: string];

export function createLabelPairIndex(
  registry: Registry,
  resource: Resource,
  pairsOf: (object: StoredObject) => readonly LabelPair[],
): LabelPairIndex {
  const names = new Map<string, Set<string>>();
  const slotsOf = (object: StoredObject | undefined) =>
    (object === undefined ? [] : pairsOf(object)).map((pair) => slot(object?.metadata.namespace ?? '', pair));
  const stop = registry.subscribe(({ resource: changed, type, object, previous }) => {
    if (changed !== resource) return;
    const { name } = object.metadata;
    for (const place of slotsOf(previous)) leave(names, place, name);
    for (const place of slotsOf(type === 'DELETED' ? undefined : object)) enter(names, place, name);
  });
  const find = (namespace: string, pair: LabelPair) =>
    [...(names.get(slot(namespace, pair)) ?? [])].map((name) => ({ namespace, name }));
  return { find, stop };
}

function enter(names: Map<string, Set<string>>, place: string, name: string): void {
  names.set(place, (names.get(place) ?? new Set()).add(name));
}

function leave(names: Map<string, Set<string>>, place: string, name: string): void {
  const there = names.get(place);
  there?.delete(name);
  if (there?.size === 0) names.delete(place);
}

function slot(namespace: string, [key, value]: LabelPair): string {
  return `${namespace}\0${key}\0${value}`;
}

export function labelPairs(labels: StringMap = {}): readonly LabelPair[] {
  return Object.entries(labels);
}
