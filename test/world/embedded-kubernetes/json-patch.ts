import { z } from 'zod';
import { patchRefused } from './api-error.ts';
import { isDeepEqual } from './json-value.ts';

/** RFC 6902. */
export const jsonPatchSchema = z.array(
  z.looseObject({
    op: z.string(),
    path: z.string(),
    from: z.string().optional(),
    value: z.unknown().optional(),
  }),
);

export type JsonPatch = z.infer<typeof jsonPatchSchema>;

type Operation = JsonPatch[number];
type Container = Record<string, unknown> | unknown[];

/**
 * Applies the operations in order to a copy. As the API server does: a field that is not there equals null in a
 * `test`, and may be replaced.
 * @throws ApiError 422 when one of them does not apply, and when a `test` fails
 */
export function applyJsonPatch(document: unknown, patch: JsonPatch): unknown {
  const root: Container = { document: structuredClone(document) };
  for (const operation of patch) applyOperation(root, operation);
  return root.document;
}

const OPERATIONS = new Map<string, (root: Container, operation: Operation) => void>([
  ['test', (root, { path, value }) => assertEqual(read(root, path), value)],
  ['add', (root, { path, value }) => add(root, path, value ?? null)],
  ['replace', (root, { path, value }) => replace(root, path, value ?? null)],
  ['remove', (root, { path }) => void remove(root, path)],
  ['move', (root, { path, from = '' }) => add(root, path, remove(root, from))],
  ['copy', (root, { path, from = '' }) => add(root, path, structuredClone(read(root, from)))],
]);

function applyOperation(root: Container, operation: Operation): void {
  const apply = OPERATIONS.get(operation.op);
  if (apply === undefined) throw patchRefused();
  apply(root, operation);
}

function assertEqual(left: unknown, right: unknown): void {
  if (!isDeepEqual(left ?? null, right ?? null)) throw patchRefused();
}

function read(root: Container, path: string): unknown {
  const { container, key } = locate(root, path);
  return Array.isArray(container) ? container[indexIn(container, key)] : container[key];
}

function add(root: Container, path: string, value: unknown): void {
  const { container, key } = locate(root, path);
  if (!Array.isArray(container)) container[key] = value;
  else if (key === '-') container.push(value);
  else container.splice(indexIn(container, key, container.length), 0, value);
}

function replace(root: Container, path: string, value: unknown): void {
  const { container, key } = locate(root, path);
  if (Array.isArray(container)) container[indexIn(container, key)] = value;
  else container[key] = value;
}

function remove(root: Container, path: string): unknown {
  const { container, key } = locate(root, path);
  if (Array.isArray(container)) return container.splice(indexIn(container, key), 1)[0];
  if (!Object.hasOwn(container, key)) throw patchRefused();
  const value = container[key];
  delete container[key];
  return value;
}

/** The whole document is a field of the root, so that a path of '' is like any other. */
function locate(root: Container, path: string): { readonly container: Container; readonly key: string } {
  if (path !== '' && !path.startsWith('/')) throw patchRefused();
  const keys = ['document', ...path.split('/').slice(1).map(keyFrom)];
  let container: unknown = root;
  for (const key of keys.slice(0, -1)) container = step(container, key);
  if (!isContainer(container)) throw patchRefused();
  return { container, key: keys.at(-1) ?? '' };
}

function step(container: unknown, key: string): unknown {
  if (!isContainer(container)) throw patchRefused();
  if (Array.isArray(container)) return container[indexIn(container, key)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function indexIn(list: readonly unknown[], key: string, last = list.length - 1): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1;
  if (index < 0 || index > last) throw patchRefused();
  return index;
}

function keyFrom(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
