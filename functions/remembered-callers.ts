import type { Caller } from '../shared/core/caller.ts';

/** Callers whose token was verified, by the token itself. */
export type RememberedCallers = {
  readonly find: (token: string) => Caller | undefined;
  readonly add: (token: string, caller: Caller, expiresMs: number) => void;
};

/** Each nginx pod has one token an hour. */
const MAX_TOKENS = 100;

/** Remembers callers until their tokens expire, the last 100 of them. @param now epoch ms */
export function createRememberedCallers(now: () => number): RememberedCallers {
  const byToken = new Map<string, { readonly caller: Caller; readonly expiresMs: number }>();
  return {
    find: (token) => {
      const known = byToken.get(token);
      if (known === undefined) return undefined;
      if (now() < known.expiresMs) return known.caller;
      byToken.delete(token);
      return undefined;
    },
    add: (token, caller, expiresMs) => {
      byToken.delete(token); // moves it to the end: the first one is the oldest
      byToken.set(token, { caller, expiresMs });
      const [oldest] = byToken.keys();
      if (byToken.size > MAX_TOKENS && oldest !== undefined) byToken.delete(oldest);
    },
  };
}
