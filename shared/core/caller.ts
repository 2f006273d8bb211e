/** Who may call, and for which addresses a token must be made. */
export type CallerRules = {
  /** A token is for one of these: the function's own addresses. */
  readonly audiences: readonly string[];
  /** Emails in lower case. */
  readonly allowedCallers: readonly string[];
};

/**
 * Who calls. `signature`: Google's signature was checked here. `claims`: only what the token says was, because Cloud
 * Run took the signature away; without Cloud Run's own check, anybody could have written it.
 */
export type Caller = { readonly email: string; readonly proof: 'signature' | 'claims' };

/** Why somebody is not served. `detail` is a sentence that holds nothing of the token. */
export type Refusal = {
  readonly refusal: 'no-token' | 'invalid-token' | 'not-allowed' | 'no-keys';
  readonly detail: string;
};

/** What a token says, as it stands: any value may be missing, or of another type. */
export type Claims = Readonly<Record<string, unknown>>;

export function invalidToken(detail: string): Refusal {
  return { refusal: 'invalid-token', detail };
}
