import { createHash } from 'node:crypto';

/** Whose documents: one Dormouse serves one cluster and one namespace; several may share a database. */
export type StoreScope = { readonly cluster: string; readonly namespace: string };

/** Firestore takes ids of up to 1,500 bytes; an escaped character of a name is up to 9 of them. */
const MAX_NAME_LENGTH = 100;

/**
 * Greater than every id that begins with the prefix it is appended to.
 * Source: Firestore orders document ids by their UTF-8 bytes, and so does SQLite.
 */
const LAST_CHARACTER = '\u{10ffff}';

/**
 * Id of the document of a branch or proxy: `<cluster>.<namespace>.<name>`. Ordinary names stand as they are. Every
 * other character becomes its bytes, `/` for instance `~2F`, which survives any URL; dots in cluster and namespace
 * too: else `a.b` + `c` and `a` + `b.c` would share a document. An over-long name is cut, and told apart by a hash.
 */
export function documentId(scope: StoreScope, name: string): string {
  return scopePrefix(scope) + escapeName(shorten(name.toWellFormed()));
}

/** Reads the name back; undefined for an id that `documentId` does not make in this scope. */
export function nameOfDocument(scope: StoreScope, id: string): string | undefined {
  try {
    const name = decodeURIComponent(id.slice(scopePrefix(scope).length).replaceAll('~', '%'));
    return documentId(scope, name) === id ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Id of the document that says how the sweeps of a cluster and namespace went: `<cluster>.<namespace>`. */
export function sweepDocumentId({ cluster, namespace }: StoreScope): string {
  return `${scopePart(cluster)}.${scopePart(namespace)}`;
}

/** Ids of the scope: those from `first` on and before `end`. The dot keeps `a.b` apart from `a.b-c`. */
export function scopeRange(scope: StoreScope): { readonly first: string; readonly end: string } {
  const first = scopePrefix(scope);
  return { first, end: first + LAST_CHARACTER };
}

function scopePrefix(scope: StoreScope): string {
  return `${sweepDocumentId(scope)}.`;
}

/** Ids of the form `__…__` are Firestore's own, so none begins with an underscore. */
function scopePart(name: string): string {
  return escapeName(name.toWellFormed()).replaceAll('.', '~2E').replace(/^_/, '~5F');
}

/** Percent-encoding in all but the sign: Google's emulator decodes the path of a URL more than once. */
function escapeName(name: string): string {
  const encoded = encodeURIComponent(name).replace(/[!'()*~]/g, (mark) => `%${hexOf(mark)}`);
  return encoded.replaceAll('%', '~');
}

function hexOf(mark: string): string {
  return mark.charCodeAt(0).toString(16).toUpperCase();
}

function shorten(name: string): string {
  if (name.length <= MAX_NAME_LENGTH) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${name.slice(0, MAX_NAME_LENGTH - hash.length - 1).toWellFormed()}~${hash}`;
}
