/** Resolves after the time, or as soon as the signal says that nobody waits any more. Never rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;
