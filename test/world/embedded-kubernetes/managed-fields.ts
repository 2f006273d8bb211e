import { isDeepEqual, isJsonObject, type JsonObject } from './json-value.ts';
import type { Draft, FieldTree, ManagedFieldsEntry } from './stored-object.ts';

/** Who writes, through which subresource, and when (undefined through `scale`, as kube-apiserver 1.37 has it). */
export type FieldOwner = {
  readonly manager: string;
  readonly subresource?: string;
  readonly apiVersion: string;
  readonly time: string | undefined;
};

type Entries = readonly ManagedFieldsEntry[];

/** Set by the server, owned by nobody. */
const SERVER_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
]);

/**
 * Says who owns which field after a write: the writer takes what it added or changed from everybody else, and what
 * is gone belongs to nobody. The writer's time moves only if it took something. Lists are owned as a whole here,
 * where Kubernetes knows their items by key.
 */
export function managedFieldsAfter(current: Draft | undefined, next: Draft, owner: FieldOwner): Entries {
  const before = current === undefined ? {} : ownable(current);
  const after = ownable(next);
  const taken = changedFields(before, after);
  const kept = (current?.metadata.managedFields ?? [])
    .map((entry) => ({ ...entry, fieldsV1: without(entry.fieldsV1, taken, after) }))
    .filter((entry) => !isEmpty(entry.fieldsV1));
  return (isEmpty(taken) ? kept : withOwner(kept, owner, taken)).toSorted(byTimeAndManager);
}

function byTimeAndManager(left: ManagedFieldsEntry, right: ManagedFieldsEntry): number {
  return sortKey(left) < sortKey(right) ? -1 : 1;
}

function sortKey({ time = '', manager, subresource = '' }: ManagedFieldsEntry): string {
  return [time, manager, subresource].join(' ');
}

function withOwner(entries: Entries, owner: FieldOwner, taken: FieldTree): Entries {
  const own = entries.find((entry) => isOwnedBy(entry, owner));
  const others = entries.filter((entry) => entry !== own);
  return [...others, entryOf(owner, union(own?.fieldsV1 ?? {}, taken))];
}

function isOwnedBy(entry: ManagedFieldsEntry, { manager, subresource, apiVersion }: FieldOwner): boolean {
  return entry.manager === manager && entry.subresource === subresource && entry.apiVersion === apiVersion;
}

function entryOf({ manager, subresource, apiVersion, time }: FieldOwner, fieldsV1: FieldTree) {
  return {
    manager,
    operation: 'Update' as const,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1' as const,
    fieldsV1,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function ownable({ metadata, ...fields }: Draft): JsonObject {
  const owned = Object.entries(metadata).filter(([name]) => !SERVER_FIELDS.has(name));
  return { ...fields, metadata: Object.fromEntries(owned) };
}

function changedFields(before: unknown, after: JsonObject): FieldTree {
  const tree: Record<string, FieldTree> = {};
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const earlier = isJsonObject(before) ? before[name] : undefined;
    const changed = isJsonObject(value) ? changedFields(earlier, value) : changedLeaf(earlier, value);
    if (changed !== undefined && !isEmptyBranch(changed, value)) tree[`f:${name}`] = changed;
  }
  return tree;
}

function changedLeaf(before: unknown, after: unknown): FieldTree | undefined {
  return isDeepEqual(before, after) ? undefined : {};
}

/** An object of which nothing changed is no field; an empty tree under a scalar is one. */
function isEmptyBranch(tree: FieldTree, value: unknown): boolean {
  return isJsonObject(value) && isEmpty(tree);
}

/** What is left of a manager's fields: those that nobody took and that still exist. */
function without(tree: FieldTree, taken: FieldTree, object: JsonObject): FieldTree {
  const left: Record<string, FieldTree> = {};
  for (const [field, below] of Object.entries(tree)) {
    const rest = remainder(below, taken[field], object[field.slice(2)]);
    if (rest !== undefined) left[field] = rest;
  }
  return left;
}

function remainder(below: FieldTree, taken: FieldTree | undefined, value: unknown): FieldTree | undefined {
  const isTaken = taken !== undefined && isEmpty(taken);
  if (value === undefined || isTaken) return undefined;
  if (isEmpty(below) || !isJsonObject(value)) return below;
  const rest = without(below, taken ?? {}, value);
  return isEmpty(rest) ? undefined : rest;
}

function union(left: FieldTree, right: FieldTree): FieldTree {
  const tree: Record<string, FieldTree> = { ...left };
  for (const [field, below] of Object.entries(right)) tree[field] = union(left[field] ?? {}, below);
  return tree;
}

function isEmpty(tree: FieldTree): boolean {
  for (const _ in tree) return false;
  return true;
}
