import type { Life } from './agenda.ts';

/** A watch of the endpoints of one branch that an instance has open. */
export type Watch = {
  readonly actor: string;
  readonly branch: string;
  /** What was sent last, and may be under way. */
  lastSent: number;
  /** It stays open and nothing comes. */
  isSilent: boolean;
};

type Open = Watch & {
  readonly life: Life;
  readonly hear: (servingEndpoints: number) => void;
  readonly resolve: () => void;
};

/** All watches that are open. What one of them carries arrives when somebody says so. */
export type Watches = {
  /** Resolves when it is cut, or nobody listens any more. */
  open(watch: {
    readonly actor: string;
    readonly branch: string;
    readonly life: Life;
    /** What its list showed. */
    readonly servingEndpoints: number;
    readonly hear: (servingEndpoints: number) => void;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** The endpoints of a branch changed. */
  send(branch: string, servingEndpoints: number): void;
  deliver(watch: Watch, servingEndpoints: number): void;
  cut(watch: Watch): void;
  list(): readonly Watch[];
  /** Told of each change as it leaves Kubernetes; at first it arrives at once. */
  onSent: (watch: Watch, servingEndpoints: number) => void;
};

export function createWatches(): Watches {
  const all = new Set<Open>();
  const close = (watch: Open) => {
    if (all.delete(watch) && !watch.life.isOver) watch.resolve();
  };
  const watches: Watches = {
    onSent: (watch, servingEndpoints) => watches.deliver(watch, servingEndpoints),
    open({ signal, servingEndpoints, ...opened }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const watch: Open = { ...opened, lastSent: servingEndpoints, isSilent: false, resolve };
      all.add(watch);
      signal.addEventListener('abort', () => close(watch));
      return promise;
    },
    send(branch, servingEndpoints) {
      for (const watch of [...all]) {
        if (watch.branch !== branch || watch.lastSent === servingEndpoints) continue;
        watch.lastSent = servingEndpoints;
        watches.onSent(watch, servingEndpoints);
      }
    },
    deliver(watch, servingEndpoints) {
      const open = watch as Open;
      if (!all.has(open) || open.isSilent || open.life.isOver) return;
      open.hear(servingEndpoints);
    },
    cut: (watch) => close(watch as Open),
    list: () => [...all],
  };
  return watches;
}
