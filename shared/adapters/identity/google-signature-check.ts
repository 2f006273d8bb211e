import type { CallerRules } from '../../core/caller.ts';
import { fetchGoogleKeys } from './google-keys.ts';
import { createSigningKeys, type SigningKeysDependencies } from './signing-keys.ts';
import { createSignatureCheck, type VerifySignature } from './verify-signature.ts';

/** Creates the check of tokens against Google's own keys, which are on their way from now on. Fails closed. */
export function createGoogleSignatureCheck(
  rules: CallerRules,
  dependencies: Omit<SigningKeysDependencies, 'fetchKeys'>,
): VerifySignature {
  const keys = createSigningKeys({ ...dependencies, fetchKeys: () => fetchGoogleKeys() });
  return createSignatureCheck(keys, rules);
}
