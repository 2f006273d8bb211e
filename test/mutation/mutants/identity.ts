import type { Mutant } from '../mutant.ts';

const GUARD = 'functions/identity.ts';
const CLAIMS = 'shared/core/judge-claims.ts';

/** Who may call the functions, where Cloud Run lets everybody in by mistake. */
export const IDENTITY_MUTANTS: readonly Mutant[] = [
  {
    name: 'signature-unchecked',
    breaks: 'A token that Google did not sign is good enough.',
    file: GUARD,
    find: '  if (refusal !== undefined) return refusal;\n',
    replace: '',
  },
  {
    name: 'stripped-token-accepted',
    breaks: 'A token without its signature is good enough, which anybody can write.',
    file: GUARD,
    find: 'if (!acceptsStripped) {',
    replace: 'if (acceptsStripped === undefined) {',
  },
  {
    name: 'any-issuer',
    breaks: 'A token need not be Google’s.',
    file: CLAIMS,
    find: "if (typeof iss !== 'string' || !GOOGLE_ISSUERS.includes(iss)) {",
    replace: "if (typeof iss !== 'string') {",
  },
  {
    name: 'any-audience',
    breaks: 'A token that was made for another service is good for this one.',
    file: CLAIMS,
    find: "if (typeof aud !== 'string' || !rules.audiences.includes(aud)) {",
    replace: "if (typeof aud !== 'string') {",
  },
  {
    name: 'expired-token',
    breaks: 'A token is good for ever.',
    file: CLAIMS,
    find: "if (nowMs > expiresMs + CLOCK_SKEW_MS) return invalidToken('the token has expired');",
    replace: '',
  },
  {
    name: 'any-account',
    breaks: 'Every Google account may call.',
    file: CLAIMS,
    find: 'const isAllowed = allowedCallers.includes(email.toLowerCase());',
    replace: 'const isAllowed = allowedCallers.length >= 0;',
  },
  {
    name: 'unverified-email',
    breaks: 'An account may claim any address.',
    file: CLAIMS,
    find: 'if (isVerified !== true) return notAllowed("the account\'s email is not verified");',
    replace: '',
  },
];
