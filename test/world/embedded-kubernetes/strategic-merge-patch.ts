import { unsupportedMediaType } from './api-error.ts';
import { isJsonObject, type JsonObject } from './json-value.ts';

/** Lists that are merged by a key of their items. Source: `patchMergeKey` in Kubernetes' types. */
const MERGE_KEYS: Readonly<Record<string, string | undefined>> = {
  addresses: 'type',
  conditions: 'type',
  containers: 'name',
  env: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  podIPs: 'ip',
  taints: 'key',
  topologySpreadConstraints: 'topologyKey',
  volumeDevices: 'devicePath',
  volumeMounts: 'mountPath',
  volumes: 'name',
};

const ORDER_DIRECTIVE = '$setElementOrder/';

/**
 * Applies a strategic merge patch: maps are merged, lists of Kubernetes' own kinds by their key, all others are
 * replaced whole. Of the directives it knows the order that kubectl sends along, and refuses the rest.
 * @throws ApiError 415 for another directive
 */
export function applyStrategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of fieldsOf(patch)) {
    if (value === null) delete merged[name];
    else if (Array.isArray(value)) merged[name] = mergeList(name, merged[name], value);
    else merged[name] = applyStrategicMergePatch(merged[name], value);
  }
  for (const [name, order] of ordersOf(patch)) merged[name] = inOrder(name, merged[name], order);
  return merged;
}

function fieldsOf(patch: JsonObject): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(patch).filter(([name]) => !name.startsWith(ORDER_DIRECTIVE));
  if (entries.some(([name]) => name.startsWith('$'))) throw unsupportedMediaType();
  return entries;
}

function ordersOf(patch: JsonObject): readonly (readonly [string, readonly unknown[]])[] {
  const entries = Object.entries(patch).filter(([name]) => name.startsWith(ORDER_DIRECTIVE));
  return entries.map(([name, order]) => [
    name.slice(ORDER_DIRECTIVE.length),
    Array.isArray(order) ? order : [],
  ]);
}

function mergeList(name: string, target: unknown, patch: readonly unknown[]): readonly unknown[] {
  const key = mergeKeyOf(name, [...patch, ...(Array.isArray(target) ? target : [])]);
  if (name === 'finalizers') return [...new Set([...(Array.isArray(target) ? target : []), ...patch])];
  if (key === undefined || !Array.isArray(target))
    return patch.map((item) => applyStrategicMergePatch({}, item));
  const merged = [...target];
  for (const item of patch) {
    const index = merged.findIndex((other) => keyIn(other, key) === keyIn(item, key));
    if (index < 0) merged.push(applyStrategicMergePatch({}, item));
    else merged[index] = applyStrategicMergePatch(merged[index], item);
  }
  return merged;
}

/** A container's ports have another key than a Service's. */
function mergeKeyOf(name: string, items: readonly unknown[]): string | undefined {
  if (name !== 'ports') return MERGE_KEYS[name];
  return items.some((item) => keyIn(item, 'containerPort') !== undefined) ? 'containerPort' : 'port';
}

function inOrder(name: string, list: unknown, order: readonly unknown[]): unknown {
  if (!Array.isArray(list)) return list;
  const key = mergeKeyOf(name, list);
  const places = new Map(order.map((item, index) => [key === undefined ? item : keyIn(item, key), index]));
  const placeOf = (item: unknown) => places.get(key === undefined ? item : keyIn(item, key)) ?? order.length;
  return list.toSorted((left, right) => placeOf(left) - placeOf(right));
}

function keyIn(item: unknown, key: string): unknown {
  return isJsonObject(item) ? item[key] : undefined;
}
