import type { HopelessReason, WakeStep } from '../core/judge-wake.ts';
import type { WakeSight } from '../flows/follow-branch.ts';

/** How far a branch is, as the page is told: with the first answer, then by events. Texts are cut to a bounded length. */
export type Progress = WakingProgress | HopelessProgress | ReachableProgress;

export type WakingProgress = {
  readonly state: 'waiting';
  /** `unknown`: Kubernetes could not be asked. */
  readonly step: WakeStep | 'unknown';
  readonly detail?: string;
  readonly changeCause?: string;
};

export type HopelessProgress = {
  readonly state: 'hopeless';
  readonly reason: HopelessReason;
  readonly detail: string;
  readonly look: string;
  readonly changeCause?: string;
};

export type ReachableProgress = { readonly state: 'reachable'; readonly changeCause?: string };

const MAX_DETAIL_LENGTH = 500;
const MAX_CAUSE_LENGTH = 200;

/** Turns what is known of a branch into what its page is told. */
export function toProgress({ state, view }: WakeSight): Progress {
  const changeCause = view?.changeCause;
  const shared = changeCause === undefined ? {} : { changeCause: cut(changeCause, MAX_CAUSE_LENGTH) };
  switch (state.state) {
    case 'reachable':
      return { state: 'reachable', ...shared };
    case 'waiting':
      return { state: 'waiting', step: state.step, ...cutDetail(state.detail), ...shared };
    case 'hopeless': {
      const { reason, detail, look } = state;
      const texts = { detail: cut(detail, MAX_DETAIL_LENGTH), look: cut(look, MAX_DETAIL_LENGTH) };
      return { state: 'hopeless', reason, ...texts, ...shared };
    }
    default:
      return state satisfies never;
  }
}

function cutDetail(detail: string | undefined): { detail?: string } {
  return detail === undefined ? {} : { detail: cut(detail, MAX_DETAIL_LENGTH) };
}

/** Cuts between characters, never inside a surrogate pair. */
function cut(text: string, maxLength: number): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.length <= maxLength
    ? wellFormed
    : `${wellFormed.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
