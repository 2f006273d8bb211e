import { isStoredDocument, type StoredDocument } from '../records/stored-document.ts';

/**
 * A value in Firestore's JSON: one member, named for the type.
 * Source: firebase.google.com/docs/firestore/reference/rest/v1/Value
 */
export type FirestoreValue = Readonly<Record<string, unknown>>;
export type FirestoreFields = Readonly<Record<string, FirestoreValue>>;

export function encodeFields(document: StoredDocument): FirestoreFields {
  return mapValues(document, encodeValue);
}

/** Values of types that Dormouse does not write stay in Firestore's own form, so that no codec takes them for its own. */
export function decodeFields(fields: FirestoreFields | undefined): StoredDocument {
  return mapValues(fields ?? {}, decodeValue);
}

function encodeValue(value: unknown): FirestoreValue {
  if (value instanceof Date) return { timestampValue: value.toISOString() };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(encodeValue) } };
  if (isStoredDocument(value)) return { mapValue: { fields: encodeFields(value) } };
  return encodeScalar(value);
}

function encodeScalar(value: unknown): FirestoreValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value !== 'number') return { nullValue: null };
  if (Number.isSafeInteger(value)) return { integerValue: String(value) };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

type Decoder = (content: never) => unknown;

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['nullValue', () => null],
  ['booleanValue', (content: boolean) => content],
  ['stringValue', (content: string) => content],
  // 64-bit integers come as strings, and so do NaN and the infinities.
  ['integerValue', (content: string) => Number(content)],
  ['doubleValue', (content: number | string) => Number(content)],
  ['timestampValue', (content: string) => new Date(content)],
  ['arrayValue', ({ values = [] }: { values?: FirestoreValue[] }) => values.map(decodeValue)],
  ['mapValue', ({ fields }: { fields?: FirestoreFields }) => decodeFields(fields)],
]);

function decodeValue(value: FirestoreValue): unknown {
  const [type = '', content] = Object.entries(value)[0] ?? [];
  const decode = DECODERS.get(type);
  return decode === undefined ? value : decode(content as never);
}

function mapValues<From, To>(
  values: Readonly<Record<string, From>>,
  convert: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}
