import { type Caller, type CallerRules, type Claims, invalidToken, type Refusal } from './caller.ts';

/** Source: OpenID Connect at Google, "Validating an ID token". */
export const GOOGLE_ISSUERS: readonly string[] = ['https://accounts.google.com', 'accounts.google.com'];

/** As google-auth-library has them: clocks may differ by 5 minutes, and no ID token lives longer than a day. */
const CLOCK_SKEW_MS = 300_000;
const MAX_LIFETIME_MS = 86_400_000;
const SECOND_MS = 1_000;

/**
 * Judges what google-auth-library would, for a token whose signature is gone: issuer, audience, times. It proves
 * nothing about who sent it.
 */
export function judgeUnsigned(claims: Claims, rules: CallerRules, nowMs: number): Refusal | undefined {
  const { iss, aud, iat, exp } = claims;
  if (typeof iss !== 'string' || !GOOGLE_ISSUERS.includes(iss)) {
    return invalidToken('the token is not issued by Google');
  }
  if (typeof aud !== 'string' || !rules.audiences.includes(aud)) {
    return invalidToken('the token is made for another audience');
  }
  if (typeof iat !== 'number' || typeof exp !== 'number') return invalidToken('the token has no times');
  return judgeTimes({ issuedMs: iat * SECOND_MS, expiresMs: exp * SECOND_MS }, nowMs);
}

type Times = { readonly issuedMs: number; readonly expiresMs: number };

function judgeTimes({ issuedMs, expiresMs }: Times, nowMs: number): Refusal | undefined {
  if (expiresMs >= nowMs + MAX_LIFETIME_MS) return invalidToken('the token lives too long');
  if (nowMs < issuedMs - CLOCK_SKEW_MS) return invalidToken('the token is not valid yet');
  if (nowMs > expiresMs + CLOCK_SKEW_MS) return invalidToken('the token has expired');
  return undefined;
}

/** Judges whether the account of a good token may call. */
export function judgeAccount(
  claims: Claims,
  { allowedCallers }: CallerRules,
  proof: Caller['proof'],
): Caller | Refusal {
  const { email, email_verified: isVerified } = claims;
  if (typeof email !== 'string') return notAllowed('the token names no account: it has no email');
  if (isVerified !== true) return notAllowed("the account's email is not verified");
  const isAllowed = allowedCallers.includes(email.toLowerCase());
  return isAllowed ? { email, proof } : notAllowed('this account may not call');
}

function notAllowed(detail: string): Refusal {
  return { refusal: 'not-allowed', detail };
}
