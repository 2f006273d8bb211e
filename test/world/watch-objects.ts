import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesApi, KubernetesApiError } from './kubernetes-api.ts';
import type { KubernetesList, KubernetesObject } from './kubernetes-objects.ts';

/** What changed: the object as it is now, or as it was when it went. */
export type ObjectChange<T> = { readonly change: 'set' | 'gone'; readonly object: T };

export type ObjectWatch<T> = {
  /** All objects as last seen. */
  readonly objects: () => readonly T[];
  readonly stop: () => void;
};

type WatchLine<T> = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
};

type Reflector<T> = {
  readonly api: KubernetesApi;
  readonly path: string;
  readonly signal: AbortSignal;
  readonly known: Map<string, T>;
  readonly onChange: (change: ObjectChange<T>) => void;
};

const PAGE_SIZE = 500;
const WATCH_SECONDS = 60;
const RETRY_MS = 200;

/**
 * Lists a collection, then follows it until stopped: resumes where a watch ended, lists again when the server has
 * forgotten that version (410) or is not understood, and tries for ever while it is away. `onChange` hears of
 * everything once, however often the collection was listed.
 */
export function watchObjects<T extends KubernetesObject>(
  api: KubernetesApi,
  path: string,
  onChange: (change: ObjectChange<T>) => void,
): ObjectWatch<T> {
  const ending = new AbortController();
  const reflector: Reflector<T> = { api, path, onChange, signal: ending.signal, known: new Map() };
  void follow(reflector);
  return { objects: () => [...reflector.known.values()], stop: () => ending.abort() };
}

async function follow<T extends KubernetesObject>(reflector: Reflector<T>): Promise<void> {
  let version: string | undefined;
  while (!reflector.signal.aborted) {
    try {
      version ??= await listAll(reflector);
      version = await watchFrom(reflector, version);
    } catch (error) {
      if (!(error instanceof KubernetesApiError)) throw error;
      if (error.status !== 0) version = undefined;
    }
    // Also after a watch that ended well: a server that closes each at once must not be asked in a tight loop.
    await sleep(RETRY_MS, undefined, { signal: reflector.signal }).catch(() => {});
  }
}

/** Reads the collection in pages, reports the difference to what is known, returns the list's version. */
async function listAll<T extends KubernetesObject>(reflector: Reflector<T>): Promise<string> {
  const found: T[] = [];
  let version = '';
  let next: string | undefined;
  do {
    const page: KubernetesList<T> = await reflector.api.get(
      withQuery(reflector.path, { limit: PAGE_SIZE, continue: next }),
    );
    found.push(...(page.items ?? []));
    version = page.metadata.resourceVersion;
    next = page.metadata.continue;
  } while (next !== undefined && next !== '');
  replaceKnown(reflector, found);
  return version;
}

function replaceKnown<T extends KubernetesObject>(reflector: Reflector<T>, found: readonly T[]): void {
  const uids = new Set(found.map(keyOf));
  for (const [key, object] of reflector.known) {
    if (!uids.has(key)) learn(reflector, { change: 'gone', object });
  }
  for (const object of found) learn(reflector, { change: 'set', object });
}

/** Reads one watch to its end and returns the version to go on from. */
async function watchFrom<T extends KubernetesObject>(
  reflector: Reflector<T>,
  version: string,
): Promise<string> {
  const query = {
    watch: 1,
    allowWatchBookmarks: true,
    timeoutSeconds: WATCH_SECONDS,
    resourceVersion: version,
  };
  const response = await reflector.api.stream(withQuery(reflector.path, query), reflector.signal);
  let latest = version;
  for await (const line of linesOf(response)) {
    const { type, object } = JSON.parse(line) as WatchLine<T>;
    if (type === 'ERROR') throw new KubernetesApiError(`watch ${reflector.path}: ${line}`, { status: 410 });
    latest = object.metadata.resourceVersion ?? latest;
    if (type === 'BOOKMARK') continue;
    learn(reflector, { change: type === 'DELETED' ? 'gone' : 'set', object });
  }
  return latest;
}

/** A stream that breaks ends like one that was closed: only whole lines count, and the watch resumes after them. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
  } catch {
    // The connection broke, or the watch was stopped.
  }
}

function learn<T extends KubernetesObject>(reflector: Reflector<T>, change: ObjectChange<T>): void {
  if (reflector.signal.aborted) return;
  const key = keyOf(change.object);
  const known = reflector.known.get(key);
  if (change.change === 'gone') reflector.known.delete(key);
  else reflector.known.set(key, change.object);
  if (change.change === 'set' && isSame(known, change.object)) return;
  reflector.onChange(change);
}

function isSame(known: KubernetesObject | undefined, object: KubernetesObject): boolean {
  return known !== undefined && known.metadata.resourceVersion === object.metadata.resourceVersion;
}

/** A new object under an old name is another one. */
function keyOf({ metadata }: KubernetesObject): string {
  return metadata.uid ?? metadata.name;
}

function withQuery(path: string, query: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return `${path}?${search}`;
}
