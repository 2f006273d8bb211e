/**
 * A document as every store holds it: plain JSON values, and `Date` for times.
 * What a value means is the codecs' matter (branch-document.ts, heartbeat-document.ts).
 */
export type StoredDocument = Readonly<Record<string, unknown>>;

/** Version of the documents that this Dormouse writes, and the only one it reads. */
export const DOCUMENT_VERSION = 1;

/** One write to one document: fields to set, to remove, and to stamp with the store's clock. The rest stays. */
export type DocumentWrite = {
  readonly set: StoredDocument;
  readonly clear: readonly string[];
  readonly stamp: readonly string[];
};

/** Arrays and dates are values, not documents. */
export function isStoredDocument(value: unknown): value is StoredDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function isTime(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}
