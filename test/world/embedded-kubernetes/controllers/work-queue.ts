/** Keys that wait to be looked at. Each is there once, and is looked at by one at a time. */
export type WorkQueue = {
  readonly add: (item: string) => void;
  readonly stop: () => void;
};

/** So many in a row, then others have their turn: HTTP must go on while thousands of branches start. */
const BATCH = 50;
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 1_000;

/**
 * Runs `reconcile` for each item soon after it was added, and again after the ms it returns. One that throws is
 * tried again, ever more rarely, as a controller does while a quota refuses its pods.
 */
export function createWorkQueue(reconcile: (item: string) => number | undefined): WorkQueue {
  const waiting = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  let turn: NodeJS.Immediate | undefined;

  const add = (item: string) => {
    waiting.add(item);
    turn ??= setImmediate(runBatch);
  };
  const addAfter = (item: string, delayMs: number) => {
    clearTimeout(timers.get(item));
    const wake = () => {
      timers.delete(item);
      add(item);
    };
    timers.set(item, setTimeout(wake, delayMs));
  };
  const runBatch = () => {
    turn = undefined;
    for (const item of [...waiting].slice(0, BATCH)) {
      waiting.delete(item);
      run(item);
    }
    if (waiting.size > 0) turn ??= setImmediate(runBatch);
  };
  const run = (item: string) => {
    try {
      const againMs = reconcile(item);
      failures.delete(item);
      if (againMs !== undefined) addAfter(item, againMs);
    } catch {
      const count = failures.get(item) ?? 0;
      failures.set(item, count + 1);
      addAfter(item, Math.min(FIRST_RETRY_MS * 2 ** count, LAST_RETRY_MS));
    }
  };
  return {
    add,
    stop: () => {
      clearImmediate(turn);
      waiting.clear();
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
