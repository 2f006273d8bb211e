import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { expired, statusOf } from './api-error.ts';
import { type Filter, filterOf, parseInteger, parseVersion } from './list.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { type ApiCall, isTrue } from './route.ts';
import { objectJson } from './serialize.ts';
import type { Change, Store } from './store.ts';
import type { StoredObject } from './stored-object.ts';

/** A watch that is being served. */
export type OpenWatch = {
  readonly call: ApiCall;
  /** Breaks the connection. */
  readonly cut: () => void;
  /** Leaves the connection open and sends nothing over it any more. */
  readonly silence: () => void;
};

export type WatchServer = {
  /** @throws ApiError 400 */
  readonly serve: (call: ApiCall, response: ServerResponse) => void;
  readonly open: ReadonlySet<OpenWatch>;
};

type Stream = {
  readonly call: ApiCall;
  readonly accepts: Filter;
  readonly response: ServerResponse;
  isSilent: boolean;
};

const BOOKMARK_MS = 60_000;
/** A watch without `timeoutSeconds` ends by itself within this and twice this. Source: --min-request-timeout */
const MIN_TIMEOUT_SECONDS = 1_800;
/** A reader that is this far behind is cut off, as a slow watcher is. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

export function createWatchServer(store: Store): WatchServer {
  const open = new Set<OpenWatch>();
  return {
    open,
    serve: (call, response) => {
      const from = parseVersion(call.query.get('resourceVersion'));
      const accepts = filterOf(call.resource, call.query);
      const stream: Stream = { call, accepts, response, isSilent: false };
      const seconds = parseInteger(call.query.get('timeoutSeconds')) || defaultTimeoutSeconds();
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
      response.flushHeaders();
      if (!sendPast(store, stream, from)) return void response.end();
      follow(store, stream, { open, timeoutMs: seconds * 1000, from });
    },
  };
}

function defaultTimeoutSeconds(): number {
  return MIN_TIMEOUT_SECONDS + randomInt(MIN_TIMEOUT_SECONDS);
}

/** Sends what was missed, or all there is; false where it is not known any more. */
function sendPast(store: Store, stream: Stream, from: number): boolean {
  const { resource, namespace, query } = stream.call;
  if (from === 0 || isTrue(query.get('sendInitialEvents') ?? 'false')) {
    for (const object of store.list(resource, namespace)) sendObject(stream, 'ADDED', object);
    if (query.has('sendInitialEvents')) sendBookmark(store, stream, true);
    return true;
  }
  const changes = store.changesSince(from);
  if (changes === undefined) {
    sendLine(stream, 'ERROR', JSON.stringify(statusOf(expired(`too old resource version: ${from}`))));
    return false;
  }
  for (const change of changes) sendChange(stream, change);
  return true;
}

function follow(
  store: Store,
  stream: Stream,
  { open, timeoutMs, from }: { open: Set<OpenWatch>; timeoutMs: number; from: number },
): void {
  const { response } = stream;
  const stopListening = store.subscribe((change) => {
    if (change.version > from) sendChange(stream, change);
  });
  const bookmark = () => sendBookmark(store, stream, false);
  const bookmarks = setInterval(bookmark, BOOKMARK_MS);
  const end = setTimeout(() => {
    bookmark();
    response.end();
  }, timeoutMs);
  const watch: OpenWatch = {
    call: stream.call,
    cut: () => void response.destroy(),
    silence: () => {
      stream.isSilent = true;
    },
  };
  open.add(watch);
  response.on('close', () => {
    open.delete(watch);
    stopListening();
    clearInterval(bookmarks);
    clearTimeout(end);
  });
}

/** For a reader with a filter, an object that stops to match is gone, and one that begins to is new. */
function sendChange(stream: Stream, { type, resource, object, previous, version }: Change): void {
  if (!isWatched(stream.call, resource, object)) return;
  const isIn = type !== 'DELETED' && stream.accepts(object);
  const wasIn = previous !== undefined && stream.accepts(previous);
  if (isIn) sendObject(stream, wasIn ? 'MODIFIED' : 'ADDED', object);
  else if (wasIn) sendObject(stream, 'DELETED', type === 'DELETED' ? object : asOf(version, previous));
}

/** What left a filter is shown as it was, at the version of the change. */
function asOf(version: number, object: StoredObject): StoredObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function isWatched({ resource, namespace }: ApiCall, changed: Resource, object: StoredObject): boolean {
  return changed === resource && (namespace === undefined || namespace === object.metadata.namespace);
}

function sendObject(stream: Stream, type: Change['type'], object: StoredObject): void {
  if (type === 'ADDED' && !stream.accepts(object)) return;
  sendLine(stream, type, objectJson(stream.call.resource, object));
}

function sendBookmark(store: Store, stream: Stream, isInitial: boolean): void {
  const { resource, query } = stream.call;
  if (!isTrue(query.get('allowWatchBookmarks') ?? 'false')) return;
  const annotations = isInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(store.version()), creationTimestamp: null, ...annotations };
  const object = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
  sendLine(stream, 'BOOKMARK', JSON.stringify(object));
}

function sendLine({ response, isSilent }: Stream, type: string, object: string): void {
  if (isSilent || response.destroyed) return;
  response.write(`{"type":"${type}","object":${object}}\n`);
  if (response.writableLength > MAX_BACKLOG_BYTES) response.destroy();
}
