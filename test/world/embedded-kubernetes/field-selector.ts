import { badRequest } from './api-error.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import type { StoredObject } from './stored-object.ts';

type Term = { readonly field: string; readonly value: string; readonly isEqual: boolean };

/**
 * Reads the query parameter `fieldSelector`: `status.phase!=Running,spec.nodeName=`.
 * @throws ApiError 400 when it is not understood, or names a field that cannot be selected by
 */
export function parseFieldSelector(resource: Resource, text: string): (object: StoredObject) => boolean {
  const terms = text
    .split(',')
    .filter((part) => part !== '')
    .map(parseTerm);
  const readers = terms.map((term) => ({ ...term, read: readerOf(resource, term.field) }));
  return (object) => readers.every(({ read, value, isEqual }) => (read(object) === value) === isEqual);
}

function parseTerm(part: string): Term {
  const [, field = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
  if (operator === undefined) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
  return { field, value, isEqual: operator !== '!=' };
}

function readerOf(resource: Resource, field: string): (object: StoredObject) => string {
  if (field === 'metadata.name') return ({ metadata }) => metadata.name;
  if (field === 'metadata.namespace') return ({ metadata }) => metadata.namespace ?? '';
  const read = resource.fieldLabels[field];
  if (read === undefined) throw badRequest(notSelectable(resource, field));
  return read;
}

/** Kinds with labels of their own word it in their own way. Source: kube-apiserver 1.37, tried. */
function notSelectable(resource: Resource, field: string): string {
  return apiVersionOf(resource) === 'v1'
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
