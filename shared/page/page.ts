import type { WorkloadRef } from '../core/workload.ts';
import type { Branding } from './branding.ts';
import type { Language } from './choose-language.ts';
import type { Progress } from './progress.ts';

/** What a page is about. */
export type Subject =
  | {
      readonly kind: 'waking';
      readonly progress: Progress;
      /** Durations of the branch's last wakes. */
      readonly wakeMs: readonly number[];
      /** Since nginx had the request. */
      readonly waitedMs: number;
    }
  | { readonly kind: 'no-such-branch' }
  | { readonly kind: 'opted-out'; readonly ref?: WorkloadRef }
  /** Only a page in the background asks for it, which nobody has used for long. */
  | { readonly kind: 'left-asleep' };

/** Everything that a page is made of. Whatever these texts contain, they stay texts. */
export type Page = {
  readonly subject: Subject;
  readonly branch: string;
  /** The host that was asked for. */
  readonly host: string;
  readonly language: Language;
  readonly branding: Branding;
  /** For the Content-Security-Policy; fresh for each answer. */
  readonly nonce: string;
};
