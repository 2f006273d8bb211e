import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFields, encodeFields } from '../../shared/adapters/firestore/firestore-value.ts';
import { versionOfTime } from '../../shared/adapters/firestore/firestore-version.ts';

/** What a document may hold. Firestore keeps the sign of no zero that is an integer. */
const { document } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.double().map((value) => (value === 0 ? 0 : value)),
    fc.integer(),
    fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('document'),
  ),
  document: fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));

describe('decodeFields', () => {
  test('reads back what encodeFields writes, through JSON', () => {
    fc.assert(
      fc.property(document, (fields) => {
        const overTheWire = JSON.parse(JSON.stringify(encodeFields(fields as Record<string, unknown>)));
        expect(decodeFields(overTheWire)).toEqual(fields);
      }),
    );
  });

  test('leaves values of other types as Firestore sent them', () => {
    const fields = { place: { geoPointValue: { latitude: 1, longitude: 2 } }, raw: { bytesValue: 'AA==' } };
    expect(decodeFields(fields)).toEqual(fields);
  });

  test('reads empty arrays, maps and documents, which Firestore sends without content', () => {
    const fields = { list: { arrayValue: {} }, map: { mapValue: {} } };
    expect(decodeFields(fields)).toEqual({ list: [], map: {} });
    expect(decodeFields(undefined)).toEqual({});
  });

  test('cuts a time to the millisecond, and never rounds it up', () => {
    const fields = { lastAccess: { timestampValue: '2026-11-25T10:00:00.123999Z' } };
    expect(decodeFields(fields)).toEqual({ lastAccess: new Date('2026-11-25T10:00:00.123Z') });
  });
});

describe('versionOfTime', () => {
  test.each([
    ['2026-11-25T10:00:00Z', '2026-11-25T10:00:00.000000000Z'],
    ['2026-11-25T10:00:00.5Z', '2026-11-25T10:00:00.500000000Z'],
    ['2026-11-25T10:00:00.123456Z', '2026-11-25T10:00:00.123456000Z'],
    ['2026-11-25T10:00:00.123456789Z', '2026-11-25T10:00:00.123456789Z'],
  ])('fills %s up to nine digits', (time, version) => {
    expect(versionOfTime(time)).toBe(version);
  });
});
