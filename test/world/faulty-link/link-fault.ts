/** A request as far as a fault looks at it. */
export type LinkedCall = { readonly method: string; readonly url: string };

/** What goes wrong: before the call takes effect, or after, when only the answer is lost. */
export type LinkEffect =
  /** Answered by the link itself. */
  | { readonly status: number; readonly retryAfterSeconds?: number }
  /** The connection is reset. */
  | { readonly cut: 'before' | 'after' }
  /** Whoever has lost patience meanwhile is not asked: a write takes effect all the same, late. */
  | { readonly delayMs: number; readonly when?: 'before' | 'after' }
  /** The answer comes slowly. */
  | { readonly bytesPerSecond: number }
  /** The answer begins, and its connection is reset after this. */
  | { readonly cutAfterMs: number }
  /** The connection stays open. `stream`: the answer begins, and nothing follows. */
  | { readonly silent: 'before' | 'after' | 'stream' };

export type LinkFault = {
  /** Which calls; all of them unless said. */
  readonly matches?: (call: LinkedCall) => boolean;
  /** How many calls it meets; without end unless said. */
  readonly times?: number;
  readonly effect: LinkEffect;
};

export type LinkFaultHandle = {
  /** How many calls it has met. */
  readonly met: () => number;
  readonly remove: () => void;
};

export type LinkFaults = {
  readonly add: (fault: LinkFault) => LinkFaultHandle;
  readonly clear: () => void;
  /** What the call meets, which is counted: the fault that was added first. */
  readonly meet: (call: LinkedCall) => LinkEffect | undefined;
};

type Armed = { readonly fault: LinkFault; met: number };

export function createLinkFaults(): LinkFaults {
  const armed = new Set<Armed>();
  return {
    add: (fault) => {
      const each: Armed = { fault, met: 0 };
      armed.add(each);
      return { met: () => each.met, remove: () => void armed.delete(each) };
    },
    clear: () => armed.clear(),
    meet: (call) => {
      const met = [...armed].find(({ fault }) => fault.matches?.(call) ?? true);
      if (met === undefined) return undefined;
      met.met += 1;
      if (met.met >= (met.fault.times ?? Number.POSITIVE_INFINITY)) armed.delete(met);
      return met.fault.effect;
    },
  };
}
