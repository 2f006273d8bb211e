import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type TokenClaims = Readonly<Record<string, unknown>>;

/** Signs ID tokens as Google does, with a key of its own. */
export type TokenIssuer = {
  /** The public key in PEM, by its id. */
  readonly keys: Readonly<Record<string, string>>;
  /** A token with these claims; `header` replaces parts of what says how it is signed, not how it is signed. */
  readonly sign: (claims: TokenClaims, header?: TokenClaims) => string;
  /** Signed by HMAC with the public key as its secret. */
  readonly signByHmac: (claims: TokenClaims) => string;
};

type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const LIFETIME_SECONDS = 3_600;
const SUBJECT = '100000000000000000001';
const RSA_BITS = 2_048;

/** Its key takes a moment to make, and is made when it is needed. */
export function createTokenIssuer(keyId = 'key-1'): TokenIssuer {
  let pair: KeyPair | undefined;
  const keyPair = () => {
    pair ??= generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
    return pair;
  };
  const pem = () => keyPair().publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    get keys() {
      return { [keyId]: pem() };
    },
    sign: (claims, header = {}) => {
      const signed = joinParts({ alg: 'RS256', kid: keyId, typ: 'JWT', ...header }, claims);
      return `${signed}.${signWith(keyPair().privateKey, signed)}`;
    },
    signByHmac: (claims) => {
      const signed = joinParts({ alg: 'HS256', kid: keyId, typ: 'JWT' }, claims);
      return `${signed}.${createHmac('sha256', pem()).update(signed).digest('base64url')}`;
    },
  };
}

/** What Google's ID token of a service account says. */
export function idTokenClaims(about: { audience: string; email: string; nowMs: number }): TokenClaims {
  const issuedSeconds = Math.floor(about.nowMs / 1_000);
  return {
    aud: about.audience,
    azp: SUBJECT,
    email: about.email,
    email_verified: true,
    exp: issuedSeconds + LIFETIME_SECONDS,
    iat: issuedSeconds,
    iss: 'https://accounts.google.com',
    sub: SUBJECT,
  };
}

/** The token as Cloud Run hands it on after it has checked it. */
export function stripSignature(token: string): string {
  return token.replace(/[^.]*$/, 'SIGNATURE_REMOVED_BY_GOOGLE');
}

function signWith(key: KeyObject, text: string): string {
  return sign('RSA-SHA256', Buffer.from(text), key).toString('base64url');
}

function joinParts(...parts: readonly TokenClaims[]): string {
  return parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}
