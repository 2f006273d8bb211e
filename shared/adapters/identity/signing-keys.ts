import { messageOf } from '../../core/message-of.ts';

/** Public keys in PEM, by their ids. */
export type PublicKeys = Readonly<Record<string, string>>;

/** `maxAgeMs`: how long they may be used without asking again. */
export type FetchedKeys = { readonly keys: PublicKeys; readonly maxAgeMs: number };

export type SigningKeysDependencies = {
  readonly fetchKeys: () => Promise<FetchedKeys>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Told why the keys could not be fetched. */
  readonly onProblem: (problem: string) => void;
};

/** The public keys of whoever signs tokens. */
export type SigningKeys = {
  /** All keys, after one more look if this one is not among them; undefined if there are none at all. */
  readonly findAll: (keyId: string) => Promise<PublicKeys | undefined>;
};

type Held = { readonly keys: PublicKeys; readonly expiresMs: number };

/** A key that nobody knows makes us ask, and anybody may make one up. */
const REFRESH_PAUSE_MS = 60_000;
/** The same, while there is no key at all. */
const FIRST_PAUSE_MS = 1_000;
/** An hour without the keys' server must not be an hour without visits. A key that is withdrawn counts on for as long. */
const MAX_STALE_MS = 86_400_000;
const MAX_PROBLEM_LENGTH = 500;

/**
 * Holds signing keys, and begins to fetch them at once. Expired ones are used for another day while new ones cannot be
 * fetched, and nobody waits for those; after that, and when there were none ever, fails closed.
 */
export function createSigningKeys({ fetchKeys, now, onProblem }: SigningKeysDependencies): SigningKeys {
  let held: Held | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  let flight: Promise<void> | undefined;

  const usable = () => (held !== undefined && now() < held.expiresMs + MAX_STALE_MS ? held : undefined);
  const fetchNow = async () => {
    try {
      const { keys, maxAgeMs } = await fetchKeys();
      held = { keys, expiresMs: now() + maxAgeMs };
    } catch (error) {
      onProblem(messageOf(error).slice(0, MAX_PROBLEM_LENGTH)); // it may hold a whole page
    } finally {
      flight = undefined;
    }
  };
  const refresh = (pauseMs: number): Promise<void> | undefined => {
    if (flight !== undefined) return flight;
    if (now() - triedMs < pauseMs) return undefined;
    triedMs = now();
    flight = fetchNow();
    return flight;
  };
  void refresh(0);
  return {
    findAll: async (keyId) => {
      if (usable() === undefined) await refresh(FIRST_PAUSE_MS);
      const first = usable();
      if (first === undefined) return undefined;
      const isKnown = Object.hasOwn(first.keys, keyId);
      const refreshing = !isKnown || now() >= first.expiresMs ? refresh(REFRESH_PAUSE_MS) : undefined;
      if (isKnown) return first.keys;
      await refreshing;
      return usable()?.keys;
    },
  };
}
