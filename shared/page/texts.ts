import type { HopelessReason } from '../core/judge-wake.ts';
import type { WakingProgress } from './progress.ts';
import type { Stage } from './stage-of.ts';

/** A title and what it means. */
export type Saying = { readonly title: string; readonly text: string };

/** Everything that the pages say, in one language. `{…}` is filled in when a page is made. */
export type Texts = {
  readonly waking: Saying;
  /** Reachable, and yet nothing answers. */
  readonly silent: Saying;
  readonly ready: Saying;
  /** The page looks no longer. */
  readonly stopped: Saying;
  readonly noSuchBranch: Saying;
  readonly optedOut: Saying;
  readonly leftAsleep: Saying;
  readonly steps: Readonly<Record<WakingProgress['step'], string>>;
  readonly stages: Readonly<Record<Stage, string>>;
  readonly marks: { readonly done: string; readonly current: string };
  readonly reasons: Readonly<Record<HopelessReason, Saying>>;
  readonly labels: {
    readonly steps: string;
    readonly elapsed: string;
    readonly usual: string;
    readonly change: string;
    readonly asked: string;
    readonly container: string;
    readonly kubernetes: string;
    readonly look: string;
    readonly wakeByHand: string;
    readonly again: string;
  };
  readonly addresses: Saying & { readonly made: string; readonly hashed: string; readonly look: string };
  readonly footnote: string;
  readonly hopelessFootnote: string;
};
