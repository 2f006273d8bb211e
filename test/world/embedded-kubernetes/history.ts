import type { Change } from './store.ts';

/** The latest changes, so that a watch can begin in the past. */
export type History = {
  readonly append: (change: Change) => void;
  /** The changes after a version, or `undefined` where some of them are forgotten. */
  readonly since: (version: number) => readonly Change[] | undefined;
  /** Forgets all up to and with a version. */
  readonly forget: (version: number) => void;
};

/** Keeps at least the last `limit` changes, at most twice as many. */
export function createHistory(limit: number): History {
  let changes: Change[] = [];
  let forgotten = 0;
  const forget = (version: number) => {
    forgotten = Math.max(forgotten, version);
    changes = changes.slice(indexAfter(changes, version));
  };
  return {
    append: (change) => {
      changes.push(change);
      const oldest = changes[changes.length - limit - 1];
      if (changes.length >= limit * 2 && oldest !== undefined) forget(oldest.version);
    },
    since: (version) => (version < forgotten ? undefined : changes.slice(indexAfter(changes, version))),
    forget,
  };
}

/** Index of the first change that is later than the version: a binary search. */
function indexAfter(changes: readonly Change[], version: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.version ?? 0) <= version) low = middle + 1;
    else high = middle;
  }
  return low;
}
