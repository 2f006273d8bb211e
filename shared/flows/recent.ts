/** Remembers for a while which keys were seen, and never more than a bounded number of them. */
export type Recent = {
  has(key: string): boolean;
  add(key: string): void;
};

const MAX_KEYS = 10_000;

/** @param options `forMs`: how long a key is remembered; `now`: epoch ms of the instance's clock */
export function createRecent(options: { forMs: number; now: () => number }): Recent {
  const { forMs, now } = options;
  const seenMs = new Map<string, number>();
  return {
    has(key) {
      const ageMs = now() - (seenMs.get(key) ?? Number.NEGATIVE_INFINITY);
      return ageMs >= 0 && ageMs < forMs; // a clock that was set back forgets
    },
    add(key) {
      seenMs.delete(key); // moves the key to the end: the first one is the oldest
      seenMs.set(key, now());
      const [oldest] = seenMs.keys();
      if (seenMs.size > MAX_KEYS && oldest !== undefined) seenMs.delete(oldest);
    },
  };
}
