import { ClusterError } from '../../ports.ts';
import { answerError, type KubernetesCall } from './kubernetes-error.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';

/** What to list: the path of the collection, and what is kept of an item; it throws when an item makes no sense. */
export type Collection<Item, Value> = {
  readonly path: string;
  readonly readItem: (item: Item) => Value;
};

/** `endsAtMs`, by `performance.now()`: where `limitMs`, for all pages of a list, begun anew or not, is over. */
export type ListLimits = { readonly maxPages: number; readonly limitMs: number; readonly endsAtMs: number };

/** `expired`: Kubernetes has forgotten the list whose pages these are, and says so. */
type Expired = { readonly expired: ClusterError };
type Pages<Value> = { readonly values: readonly Value[] } | Expired;
type Page<Value> = { readonly values: readonly Value[]; readonly next: string | undefined } | Expired;
type PageJson<Item> = {
  readonly items: readonly Item[];
  readonly metadata?: { readonly continue?: string };
};

const DEFAULT_PAGE_SIZE = 500;
const MAX_PAGES = 100;
/** A continue token lives for some minutes: a list that outlives it is begun anew this often. */
export const MAX_LISTS = 3;
const LIST_LIMIT_MS = 60_000;

/**
 * Lists all objects of a resource, page by page. Never gives back a part of them.
 * @throws ClusterError
 */
export async function listPages<Item, Value>(
  target: KubernetesTarget,
  call: KubernetesCall,
  collection: Collection<Item, Value>,
): Promise<readonly Value[]> {
  const endsAtMs = performance.now() + LIST_LIMIT_MS;
  const limits = { maxPages: MAX_PAGES, limitMs: LIST_LIMIT_MS, endsAtMs };
  for (let attempt = 1; attempt <= MAX_LISTS; attempt++) {
    const pages = await readPages(target, call, { ...collection, limits });
    if ('values' in pages) return pages.values;
  }
  throw failed(call, `the list expired ${MAX_LISTS} times`);
}

/**
 * Reads the pages of one list from the first to the last.
 * @throws ClusterError
 */
export async function readPages<Item, Value>(
  target: KubernetesTarget,
  call: KubernetesCall,
  { limits, ...collection }: Collection<Item, Value> & { readonly limits: ListLimits },
): Promise<Pages<Value>> {
  const { maxPages, limitMs, endsAtMs } = limits;
  const values: Value[] = [];
  let position: string | undefined;
  for (let page = 1; page <= maxPages; page++) {
    if (performance.now() > endsAtMs) throw failed(call, `the list took longer than ${limitMs} ms`);
    const read = await readPage(target, call, { ...collection, position });
    if ('expired' in read) return read;
    values.push(...read.values);
    position = read.next;
    if (!position) return { values };
  }
  throw failed(call, `the list has more than ${maxPages} pages`);
}

async function readPage<Item, Value>(
  target: KubernetesTarget,
  call: KubernetesCall,
  { path, readItem, position }: Collection<Item, Value> & { readonly position: string | undefined },
): Promise<Page<Value>> {
  const limit = String(target.pageSize ?? DEFAULT_PAGE_SIZE);
  const query = { limit, ...(position === undefined ? {} : { continue: position }) };
  const answer = await send(target, call, { method: 'GET', path, query });
  if (answer.status === 410) return { expired: answerError(call, answer.status, answer.body) };
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, ({ items, metadata }: PageJson<Item>) => ({
    values: items.map(readItem),
    next: metadata?.continue,
  }));
}

function failed({ verb, resource, namespace }: KubernetesCall, why: string): ClusterError {
  return new ClusterError(`could not ${verb} ${resource} in namespace ${namespace}: ${why}`);
}
