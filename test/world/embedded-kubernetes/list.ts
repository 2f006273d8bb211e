import { badRequest, expired, versionTooLarge } from './api-error.ts';
import { parseFieldSelector } from './field-selector.ts';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';
import type { Resource } from './resource.ts';
import type { ApiCall } from './route.ts';
import { listJson } from './serialize.ts';
import type { Store } from './store.ts';
import type { StoredObject } from './stored-object.ts';

export type Filter = (object: StoredObject) => boolean;

/** Lists that are being read in pages, as they were when the first page was. */
export type Snapshots = {
  /** The text of one page, of one list. @throws ApiError 400, 410 a list too old, 504 a version from the future */
  readonly readPage: (call: ApiCall) => string;
  /** Makes every `continue` that was given out too old. */
  readonly expire: () => void;
};

type Snapshot = { readonly version: number; readonly objects: readonly StoredObject[] };

/** Where the next page begins: after this object, in the list of that version (-1: in whatever is there then). */
type Position = { readonly version: number; readonly after: string };

/** Kubernetes forgets after five minutes; here it is a number, so that tests of it need no time. */
const MAX_SNAPSHOTS = 100;

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
  'without the continue parameter, or use the continue token in this response to retrieve the remainder of the ' +
  'results. Continuing with the provided token results in an inconsistent list - objects that were created, ' +
  'modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export function createSnapshots(store: Store): Snapshots {
  const snapshots = new Map<string, Snapshot>();
  const snapshotKey = ({ resource, namespace }: ApiCall, version: number) =>
    [version, resource.group, resource.plural, namespace ?? '*'].join('/');
  const current = ({ resource, namespace }: ApiCall): Snapshot => ({
    version: store.version(),
    objects: store.list(resource, namespace),
  });
  const resume = (call: ApiCall, position: Position): Snapshot => {
    if (position.version < 0) return current(call);
    const snapshot = snapshots.get(snapshotKey(call, position.version));
    if (snapshot === undefined) throw expired(TOO_OLD, positionToken({ ...position, version: -1 }));
    return snapshot;
  };
  return {
    expire: () => snapshots.clear(),
    readPage: (call) => {
      const position = parsePosition(call.query.get('continue') ?? '');
      if (position === undefined) assertReached(call, store.version());
      const snapshot = position === undefined ? current(call) : resume(call, position);
      const page = cutPage(snapshot.objects, { ...pageOf(call), after: position?.after });
      if (page.next !== undefined) remember(snapshots, snapshotKey(call, snapshot.version), snapshot);
      return listJson(call.resource, listMetadata(snapshot, page, isFiltered(call)), page.items);
    },
  };
}

function remember(snapshots: Map<string, Snapshot>, key: string, snapshot: Snapshot): void {
  snapshots.delete(key);
  snapshots.set(key, snapshot);
  const [oldest] = snapshots.keys();
  if (snapshots.size > MAX_SNAPSHOTS && oldest !== undefined) snapshots.delete(oldest);
}

/** Says which objects a list, a watch or a deletion of many is about. */
export function filterOf(resource: Resource, query: URLSearchParams): Filter {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const hasFields = parseFieldSelector(resource, query.get('fieldSelector') ?? '');
  return (object) => matchesLabels(labels, object.metadata.labels) && hasFields(object);
}

function isFiltered({ query }: ApiCall): boolean {
  return Boolean(query.get('labelSelector') || query.get('fieldSelector'));
}

function pageOf({ resource, query }: ApiCall) {
  return {
    limit: parseInteger(query.get('limit')) || Number.POSITIVE_INFINITY,
    accepts: filterOf(resource, query),
  };
}

/** @throws ApiError 400 */
export function parseInteger(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^-?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

type Page = { readonly items: readonly StoredObject[]; readonly next?: string; readonly remaining?: number };
type PageRequest = { readonly limit: number; readonly accepts: Filter; readonly after: string | undefined };

function cutPage(objects: readonly StoredObject[], { limit, accepts, after }: PageRequest): Page {
  const items: StoredObject[] = [];
  for (let index = after === undefined ? 0 : indexAfter(objects, after); index < objects.length; index++) {
    const object = objects[index] as StoredObject;
    if (!accepts(object)) continue;
    const last = items.at(-1);
    if (items.length >= limit && last !== undefined) {
      return { items, next: sortKey(last), remaining: objects.length - index };
    }
    items.push(object);
  }
  return { items };
}

function listMetadata({ version }: Snapshot, { next, remaining }: Page, isFilteredList: boolean) {
  const resourceVersion = String(version);
  if (next === undefined) return { resourceVersion };
  const token = positionToken({ version, after: next });
  // How many of the rest match is not known without reading them.
  if (isFilteredList || remaining === undefined) return { resourceVersion, continue: token };
  return { resourceVersion, continue: token, remainingItemCount: remaining };
}

/** Index of the first object after a name: a binary search, for the list is sorted by it. */
function indexAfter(objects: readonly StoredObject[], after: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sortKey(objects[middle] as StoredObject) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** NUL sorts before all that a name may hold, as the list is sorted by namespace first. */
function sortKey({ metadata }: StoredObject): string {
  return `${metadata.namespace ?? ''}\0${metadata.name}`;
}

function positionToken({ version, after }: Position): string {
  const token = JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: after });
  return Buffer.from(token).toString('base64url');
}

function parsePosition(token: string): Position | undefined {
  if (token === '') return undefined;
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (v === 'meta.k8s.io/v1' && Number.isInteger(rv) && typeof start === 'string') {
      return { version: rv, after: start };
    }
  } catch (cause) {
    throw badRequest('invalid continue token: continue key is not valid: illegal data', { cause });
  }
  throw badRequest('invalid continue token: continue key is not valid: unrecognized');
}

function assertReached({ query }: ApiCall, version: number): void {
  const asked = parseVersion(query.get('resourceVersion'));
  if (asked > version) throw versionTooLarge(asked, version);
  if (query.get('resourceVersionMatch') === 'Exact' && asked < version) {
    throw expired('The resourceVersion for the provided list is too old.');
  }
}

/** @throws ApiError 400 */
export function parseVersion(text: string | null): number {
  if (text === null || text === '') return 0;
  if (/^\d+$/.test(text)) return Number(text);
  throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: invalid syntax`);
}
