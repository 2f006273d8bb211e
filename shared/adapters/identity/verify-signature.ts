import { OAuth2Client } from 'google-auth-library';
import type { BearerToken } from '../../core/bearer-token.ts';
import { type CallerRules, invalidToken, type Refusal } from '../../core/caller.ts';
import { GOOGLE_ISSUERS } from '../../core/judge-claims.ts';
import type { SigningKeys } from './signing-keys.ts';

/** The refusal of a token that Google did not sign for us; undefined if all is well. */
export type VerifySignature = (token: BearerToken) => Promise<Refusal | undefined>;

/**
 * Creates the check of a token's signature, issuer, audience and times by google-auth-library, and of its algorithm:
 * the library verifies RSA over SHA-256 whatever the token says. Fails closed.
 */
export function createSignatureCheck(keys: SigningKeys, rules: CallerRules): VerifySignature {
  const client = new OAuth2Client();
  return async ({ text, header }) => {
    const { alg, kid } = header;
    if (alg !== 'RS256') return invalidToken('the token is not signed by RS256');
    if (typeof kid !== 'string') return invalidToken('the token does not say by which key it is signed');
    const all = await keys.findAll(kid);
    if (all === undefined) {
      return { refusal: 'no-keys', detail: "Google's signing keys could not be fetched" };
    }
    if (!Object.hasOwn(all, kid)) return invalidToken('the token is signed by a key that is not known');
    try {
      await client.verifySignedJwtWithCertsAsync(text, all, [...rules.audiences], [...GOOGLE_ISSUERS]);
      return undefined;
    } catch (error) {
      return invalidToken(describeError(error));
    }
  };
}

/** The library's messages go on with the token or its claims, which belong into no log. */
function describeError(error: unknown): string {
  const [reason = ''] = error instanceof Error ? error.message.split(/[:,]/) : [];
  return `the token is refused: ${reason}`;
}
