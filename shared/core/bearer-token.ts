import { type Claims, invalidToken, type Refusal } from './caller.ts';

/** A token in its parts. None of them is believed yet. */
export type BearerToken = {
  /** The whole of it, as it was sent. */
  readonly text: string;
  readonly header: Claims;
  readonly claims: Claims;
  /** Cloud Run has checked the token and taken its signature away, or somebody says so. */
  readonly isStripped: boolean;
};

/**
 * What Cloud Run puts in the place of the signature of a token that it has checked, so that nobody can use it again.
 * Source: Cloud Run, "Troubleshooting", "signature removed".
 */
const STRIPPED = 'SIGNATURE_REMOVED_BY_GOOGLE';

/** Google's have 800 to 1,600 characters. */
const MAX_LENGTH = 4_096;
const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Reads the one ID token among the values of a request's `Authorization` headers. */
export function readBearerToken(values: readonly string[]): BearerToken | Refusal {
  const [value, ...others] = values;
  if (value === undefined) return { refusal: 'no-token', detail: 'an ID token is missing' };
  if (others.length > 0) return invalidToken('there is more than one Authorization header');
  if (value.length > MAX_LENGTH) return invalidToken(`the token is longer than ${MAX_LENGTH} characters`);
  const [, text] = BEARER.exec(value) ?? [];
  if (text === undefined) return invalidToken('the Authorization header is not "Bearer" and one ID token');
  return parseToken(text) ?? invalidToken('the token is not a JSON Web Token');
}

function parseToken(text: string): BearerToken | undefined {
  const [head = '', body = '', signature = ''] = text.split('.');
  const header = parsePart(head);
  const claims = parsePart(body);
  if (header === undefined || claims === undefined) return undefined;
  return { text, header, claims, isStripped: signature === STRIPPED };
}

function parsePart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}
