import { ClusterError } from '../../ports.ts';
import { answerError, type KubernetesCall } from './kubernetes-error.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';

/** What to list: the path of the collection, and what is kept of an item; it throws when an item makes no sense. */
export type Collection<Item, Value> = {
  readonly path: string;
  readonly readItem: (item: Item) => Value;
};

type PageJson<Item> = {
  readonly items: readonly Item[];
  readonly metadata?: { readonly continue?: string };
};
type Page<Value> = { readonly values: readonly Value[]; readonly next: string | undefined };
type ReadPage<Value> = (position: string | undefined) => Promise<Page<Value> | 'expired'>;

const DEFAULT_PAGE_SIZE = 500;
const MAX_PAGES = 100;
/** A continue token lives for some minutes: a list that outlives it is begun anew this often. */
const MAX_LISTS = 3;
/** For all pages of a list, begun anew or not. */
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
  const read: ReadPage<Value> = (position) => {
    if (performance.now() > endsAtMs) throw failed(call, `the list took longer than ${LIST_LIMIT_MS} ms`);
    return readPage(target, call, { ...collection, position });
  };
  for (let attempt = 1; attempt <= MAX_LISTS; attempt++) {
    const values = await readAll(read, call);
    if (values !== 'expired') return values;
  }
  throw failed(call, `the list expired ${MAX_LISTS} times`);
}

async function readAll<Value>(
  read: ReadPage<Value>,
  call: KubernetesCall,
): Promise<readonly Value[] | 'expired'> {
  const values: Value[] = [];
  let position: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const answer = await read(position);
    if (answer === 'expired') return 'expired';
    values.push(...answer.values);
    position = answer.next;
    if (!position) return values;
  }
  throw failed(call, `the list has more than ${MAX_PAGES} pages`);
}

async function readPage<Item, Value>(
  target: KubernetesTarget,
  call: KubernetesCall,
  { path, readItem, position }: Collection<Item, Value> & { readonly position: string | undefined },
): Promise<Page<Value> | 'expired'> {
  const limit = String(target.pageSize ?? DEFAULT_PAGE_SIZE);
  const query = { limit, ...(position === undefined ? {} : { continue: position }) };
  const answer = await send(target, call, { method: 'GET', path, query });
  if (answer.status === 410) return 'expired';
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, ({ items, metadata }: PageJson<Item>) => ({
    values: items.map(readItem),
    next: metadata?.continue,
  }));
}

function failed({ verb, resource, namespace }: KubernetesCall, why: string): ClusterError {
  return new ClusterError(`could not ${verb} ${resource} in namespace ${namespace}: ${why}`);
}
