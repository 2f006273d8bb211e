import { type Html, html, NOTHING, trustedHtml } from './html.ts';
import type { Subject } from './page.ts';
import type { HopelessProgress, Progress } from './progress.ts';
import { STAGES, stageOf } from './stage-of.ts';
import type { Texts } from './texts.ts';
import { usualWakeMs } from './usual-wake.ts';

type Waking = Extract<Subject, { kind: 'waking' }>;

/**
 * Renders what a waking branch waits for, or why it waits in vain. Everything that the script may show later is there
 * from the start, hidden.
 */
export function renderWaking({ progress, wakeMs }: Waking, texts: Texts): Html {
  const usualMs = usualWakeMs(wakeMs);
  const isHopeless = progress.state === 'hopeless';
  return html`${renderDetail(progress, texts)}
${isHopeless ? NOTHING : renderBar(usualMs, texts)}
${isHopeless ? NOTHING : renderSteps(progress, texts)}
${renderTrouble(isHopeless ? progress : undefined, texts)}
<dl>
<div id="elapsed" hidden><dt>${texts.labels.elapsed}</dt><dd id="elapsed-text"></dd></div>
${isHopeless || usualMs === undefined ? NOTHING : html`<div><dt>${texts.labels.usual}</dt><dd>${clockText(usualMs)}</dd></div>`}
<div id="change" class="change"${hiddenIf(progress.changeCause === undefined)}><dt>${texts.labels.change}</dt><dd id="change-text">${progress.changeCause ?? ''}</dd></div>
</dl>
<p class="note" id="footnote"${hiddenIf(isHopeless)}>${texts.footnote}</p>
<p class="note" id="hopeless-footnote"${hiddenIf(!isHopeless)}>${texts.hopelessFootnote}</p>`;
}

/** Kubernetes' own words on a step; on two of them only the container's name. */
function detailText(progress: Progress, { labels }: Texts): string {
  if (progress.state !== 'waiting' || progress.detail === undefined) return '';
  const isContainer = progress.step === 'init' || progress.step === 'readiness';
  return `${isContainer ? labels.container : labels.kubernetes}: ${progress.detail}`;
}

function renderDetail(progress: Progress, texts: Texts): Html {
  const detail = detailText(progress, texts);
  return html`<p class="note" id="detail"${hiddenIf(detail === '')}><span id="detail-text">${detail}</span></p>`;
}

function renderBar(usualMs: number | undefined, { labels }: Texts): Html {
  if (usualMs === undefined) return NOTHING;
  return html`<progress id="bar" max="1" value="0" aria-label="${labels.elapsed}"></progress>`;
}

function renderSteps(progress: Progress, texts: Texts): Html {
  const current = progress.state === 'waiting' ? STAGES.indexOf(stageOf(progress.step)) : STAGES.length - 1;
  const items = STAGES.map((stage, index) => {
    const mark = index < current ? 'done' : index === current ? 'current' : 'todo';
    const words = mark === 'todo' ? '' : texts.marks[mark];
    const isCurrent = mark === 'current' ? trustedHtml(' aria-current="step"') : NOTHING;
    return html`<li data-mark="${mark}"${isCurrent}><span class="tick"></span>${texts.stages[stage]} <span class="vh">${words}</span></li>`;
  });
  return html`<ol id="steps" aria-label="${texts.labels.steps}">${items}</ol>`;
}

function renderTrouble(trouble: HopelessProgress | undefined, { labels }: Texts): Html {
  const hidden = hiddenIf(trouble === undefined);
  return html`<div id="trouble"${hidden}><h2>${labels.kubernetes}</h2><pre id="trouble-text">${trouble?.detail ?? ''}</pre></div>
<div id="look"${hidden}><h2>${labels.look}</h2><pre class="command" id="look-text">${trouble?.look ?? ''}</pre></div>`;
}

function hiddenIf(isHidden: boolean): Html {
  return isHidden ? trustedHtml(' hidden') : NOTHING;
}

/** `1:05`, which every language reads. */
function clockText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
