import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBearerToken } from '../../shared/core/bearer-token.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: unknown, signature = 'c2ln') =>
  `${part({ alg: 'RS256' })}.${part(claims)}.${signature}`;

test('readBearerToken takes a token apart', () => {
  expect(readBearerToken([`Bearer ${token({ email: 'a@b.c' })}`])).toEqual({
    text: token({ email: 'a@b.c' }),
    header: { alg: 'RS256' },
    claims: { email: 'a@b.c' },
    isStripped: false,
  });
});

test.each([
  ['SIGNATURE_REMOVED_BY_GOOGLE', true],
  ['SIGNATURE_REMOVED_BY_GOOGLE_', false],
  ['signature_removed_by_google', false],
])('readBearerToken sees by the signature %s whether it was taken away: %s', (signature, isStripped) => {
  expect(readBearerToken([`Bearer ${token({}, signature)}`])).toMatchObject({ isStripped });
});

test('readBearerToken refuses a token of more than 4,096 characters, and takes one of 4,096', () => {
  const padded = (length: number) =>
    `Bearer ${token({}, 'x'.repeat(length - `Bearer ${token({}, '')}`.length))}`;
  expect(readBearerToken([padded(4_096)])).toHaveProperty('text');
  expect(readBearerToken([padded(4_097)])).toHaveProperty('refusal', 'invalid-token');
});

test('readBearerToken answers whatever it is given, and repeats nothing of it in a refusal', () => {
  const pieces = fc.constantFrom(
    'Bearer ',
    'bearer',
    '.',
    ',',
    '=',
    '\n',
    part({ a: 1 }),
    part([]),
    part(null),
    'eyJ',
  );
  const value = fc.oneof(
    fc.string(),
    fc.array(pieces).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3 }), (values) => {
      const read = readBearerToken(values);
      if ('refusal' in read) return !values.some((each) => each.length > 8 && read.detail.includes(each));
      return typeof read.header === 'object' && typeof read.claims === 'object';
    }),
  );
});
