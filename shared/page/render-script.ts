import { scriptJson } from './escape-html.ts';
import { type Html, trustedHtml } from './html.ts';
import type { Page } from './page.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import type { WakingProgress } from './progress.ts';
import { STAGES, stageOf } from './stage-of.ts';
import type { Texts } from './texts.ts';
import { textsOf } from './texts-of.ts';
import { usualWakeMs } from './usual-wake.ts';

/** What the script is given: everything it may have to say, in the page's language. */
type PageGiven = Pick<Texts, 'marks' | 'waking' | 'ready' | 'stopped' | 'steps' | 'reasons'> & {
  readonly follows: true;
  readonly container: string;
  readonly kubernetes: string;
  readonly titleTail: string;
  readonly waitedMs: number;
  readonly usualMs: number | undefined;
  /** The place of each step in the list. */
  readonly stages: Readonly<Record<string, number>>;
};

/** Renders the page's script. A page that waits for nothing follows nothing. */
export function renderScript(page: Page, titleTail: string): Html {
  const given = givenOf(page, titleTail);
  return trustedHtml(`const given = ${scriptJson(given)};\n${PAGE_SCRIPT}`);
}

function givenOf({ subject, language }: Page, titleTail: string): PageGiven | { follows: false } {
  if (subject.kind !== 'waking' || subject.progress.state === 'hopeless') return { follows: false };
  const { marks, waking, ready, stopped, steps, reasons, labels } = textsOf(language);
  return {
    follows: true,
    ...{ marks, waking, ready, stopped, steps, reasons, titleTail },
    container: labels.container,
    kubernetes: labels.kubernetes,
    waitedMs: subject.waitedMs,
    usualMs: usualWakeMs(subject.wakeMs),
    stages: stagesOf(Object.keys(steps) as WakingProgress['step'][]),
  };
}

function stagesOf(steps: readonly WakingProgress['step'][]): Record<string, number> {
  return Object.fromEntries(steps.map((step) => [step, STAGES.indexOf(stageOf(step))]));
}
