import type { WakeState } from './judge-wake.ts';

/** One request that waits in nginx. */
export type Visitor = {
  /** A person opened an address in a browser: who would rather see a page than a blank tab. */
  readonly isNavigation: boolean;
  /** Nobody asked for anything: a page that is open did. */
  readonly isBackground: boolean;
  /** How often in this round nginx already tried the branch after we said that it is reachable. */
  readonly tries: number;
  /** How often nginx began anew before, because its internal redirects were used up. */
  readonly rounds: number;
  /** Since nginx had the request, all rounds together. */
  readonly waitedMs: number;
};

export type HoldLimits = {
  /** How long a person waits before the page. */
  readonly pageAfterMs: number;
  /** How long any request waits at most, counted from its arrival: below the load balancer's own limit. */
  readonly holdLimitMs: number;
};

export type HoldDecision =
  /** nginx tries the branch, after a pause if it tried before: Ready is not listening. */
  | { readonly action: 'awake'; readonly afterMs: number }
  /** The page for a person, the problem for everybody else. */
  | { readonly action: 'page' }
  | { readonly action: 'wait'; readonly atMostMs: number };

/** Ready is not listening: the pause before each try, and before all later ones. */
const TRY_AFTER_MS = [0, 250, 500, 1_000];
const LATER_TRY_AFTER_MS = 2_000;

/** Decides what becomes of a held request. */
export function decideHold(visitor: Visitor, state: WakeState | undefined, limits: HoldLimits): HoldDecision {
  const limitMs = visitor.isNavigation ? limits.pageAfterMs : limits.holdLimitMs;
  const leftMs = limitMs - visitor.waitedMs;
  if (state?.state === 'hopeless') return { action: 'page' };
  if (state?.state === 'reachable') return decideTry(visitor, limits);
  return leftMs > 0 ? { action: 'wait', atMostMs: leftMs } : { action: 'page' };
}

/** A reachable branch is tried whoever asks, until the hold limit: a person, too, would only be sent back to it. */
function decideTry({ tries, rounds, waitedMs }: Visitor, { holdLimitMs }: HoldLimits): HoldDecision {
  const afterMs = TRY_AFTER_MS[tries + rounds] ?? LATER_TRY_AFTER_MS;
  return waitedMs + afterMs >= holdLimitMs ? { action: 'page' } : { action: 'awake', afterMs };
}
