import { apiVersionOf, type Resource } from './resource.ts';
import type { Draft, StoredObject } from './stored-object.ts';

/** An object never changes, so neither does its text: a list of thousands is joined, not built. */
const texts = new WeakMap<StoredObject, string>();

/** An object as it is in a list: without kind and version. */
export function itemJson(object: StoredObject): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  texts.set(object, text);
  return text;
}

export function objectJson(resource: Resource, object: StoredObject): string {
  return withKind(resource, itemJson(object));
}

export function draftJson(kind: Pick<Resource, 'group' | 'version' | 'kind'>, draft: Draft): string {
  return withKind(kind, JSON.stringify(draft));
}

function withKind(kind: Pick<Resource, 'group' | 'version' | 'kind'>, text: string): string {
  const head = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},`;
  return head + text.slice(1);
}

export type ListMetadata = {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
};

export function listJson(resource: Resource, metadata: ListMetadata, items: readonly StoredObject[]): string {
  const head = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata };
  return `${JSON.stringify(head).slice(0, -1)},"items":[${items.map(itemJson).join(',')}]}`;
}
