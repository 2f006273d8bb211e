import { badRequest, methodNotAllowed, noSuchResource } from './api-error.ts';
import type { Resource, Subresource } from './resource.ts';
import { findResource, isKnownApiVersion } from './resources/find-resource.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What a request asks for, in the words of RBAC. */
export type ApiCall = {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly subresource: Subresource | undefined;
  /** `undefined` for cluster-wide resources, and for a list over all namespaces. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
};

type Place = Omit<ApiCall, 'verb' | 'query'>;

const VERBS_OF_OBJECT: Partial<Record<string, Verb>> = {
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const VERBS_OF_COLLECTION: Partial<Record<string, Verb>> = {
  GET: 'list',
  HEAD: 'list',
  POST: 'create',
  DELETE: 'deletecollection',
};
const VERBS_OF_SUBRESOURCE: Record<Subresource, Partial<Record<string, Verb>>> = {
  status: { GET: 'get', PUT: 'update', PATCH: 'patch' },
  scale: { GET: 'get', PUT: 'update', PATCH: 'patch' },
  binding: { POST: 'create' },
  finalize: { PUT: 'update' },
};

/**
 * Reads a request line. `undefined` where the path is not one of a resource.
 * @throws ApiError 400, 404 no such resource, 405
 */
export function parseRoute(method: string, target: string): ApiCall | undefined {
  const { pathname, searchParams: query } = new URL(target, 'http://localhost');
  const segments = pathname.split('/').filter(Boolean).map(decode);
  const start = segments[0] === 'api' ? 2 : 3;
  const apiVersion = segments.slice(1, start).join('/');
  const isResourcePath = segments.length > start && isKnownApiVersion(apiVersion);
  if (!isResourcePath || !['api', 'apis'].includes(segments[0] ?? '')) return undefined;
  const place = placeOf(apiVersion, segments.slice(start));
  return { ...place, verb: verbOf(method, place, query), query };
}

function placeOf(apiVersion: string, path: readonly string[]): Place {
  const isWithin =
    path[0] === 'namespaces' && path.length > 2 && !['status', 'finalize'].includes(path[2] ?? '');
  const [plural = '', name, subresource, ...rest] = isWithin ? path.slice(2) : path;
  const resource = findResource(apiVersion, plural);
  const isHere = resource !== undefined && rest.length === 0 && (!isWithin || resource.isNamespaced);
  if (!isHere || !hasSubresource(resource, subresource)) throw noSuchResource();
  const isUnplaced = resource.isNamespaced && !isWithin && name !== undefined;
  if (isUnplaced) throw noSuchResource();
  return { resource, subresource, namespace: isWithin ? path[1] : undefined, name };
}

function hasSubresource(
  { subresources }: Resource,
  name: string | undefined,
): name is Subresource | undefined {
  return name === undefined || (subresources as readonly string[]).includes(name);
}

function verbOf(
  method: string,
  { resource, subresource, namespace, name }: Place,
  query: URLSearchParams,
): Verb {
  const verb = verbsOf(subresource, name)[method];
  const isUnplaced = resource.isNamespaced && namespace === undefined && verb !== 'list';
  if (verb === undefined || isUnplaced) throw methodNotAllowed();
  return verb === 'list' && isTrue(query.get('watch')) ? 'watch' : verb;
}

function verbsOf(subresource: Subresource | undefined, name: string | undefined) {
  if (subresource !== undefined) return VERBS_OF_SUBRESOURCE[subresource];
  return name === undefined ? VERBS_OF_COLLECTION : VERBS_OF_OBJECT;
}

export function isTrue(value: string | null): boolean {
  return value === '' || value === '1' || value === 'true';
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw badRequest(`invalid path segment ${JSON.stringify(segment)}`, { cause });
  }
}
