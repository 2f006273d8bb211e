import { type Branding, isBrandLink } from './branding.ts';
import { type Html, html, NOTHING, trustedHtml } from './html.ts';
import type { Page } from './page.ts';
import { PAGE_PICTURE } from './page-picture.ts';
import { PAGE_STYLE } from './page-style.ts';
import { renderNoSuchBranch, renderOptedOut } from './render-notice.ts';
import { renderScript } from './render-script.ts';
import { renderWaking } from './render-waking.ts';
import type { Saying, Texts } from './texts.ts';
import { textsOf } from './texts-of.ts';

type PageState = 'waiting' | 'hopeless' | 'notice';

/** Renders a page: one HTML document that needs nothing else. */
export function renderPage(page: Page): string {
  const texts = textsOf(page.language);
  const state = stateOf(page);
  const saying = sayingOf(page, texts);
  const tail = [page.branch, page.branding.title ?? ''].filter((part) => part !== '');
  const titleTail = tail.map((part) => ` · ${part}`).join('');
  return html`<!doctype html>
<html lang="${page.language}" data-state="${state}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${saying.title}${titleTail}</title>
${state === 'waiting' ? REFRESH : NOTHING}
<style nonce="${page.nonce}">${trustedHtml(PAGE_STYLE)}</style>
</head>
<body>
${renderBrand(page.branding)}
<main>
${PAGE_PICTURE}
<p class="branch"><code>${page.branch}</code></p>
<div class="lead" role="status" aria-live="polite" aria-atomic="false">
<h1 id="headline">${saying.title}</h1>
<p id="status">${saying.text}</p>
</div>
${renderBody(page, texts)}
<p class="again"${state === 'waiting' ? HIDDEN : NOTHING}><a class="button" id="again" href="">${texts.labels.again}</a></p>
</main>
<script type="module" nonce="${page.nonce}">${renderScript(page, titleTail)}</script>
</body>
</html>
`.markup;
}

/**
 * Where no script runs. A refresh without an address goes to that of the page, and with a fragment in it that is no
 * visit. The control character is an address that is taken for an empty one: the page's own, without its fragment.
 * Source: tried on Chromium 156; URL Standard 4.4, "remove any leading and trailing C0 control or space".
 */
const REFRESH = trustedHtml(`<noscript><meta http-equiv="refresh" content="5; url='&#x1f;'"></noscript>`);
const HIDDEN = trustedHtml(' hidden');

function stateOf({ subject }: Page): PageState {
  if (subject.kind !== 'waking') return 'notice';
  return subject.progress.state === 'hopeless' ? 'hopeless' : 'waiting';
}

function sayingOf({ subject }: Page, texts: Texts): Saying {
  if (subject.kind === 'no-such-branch') return texts.noSuchBranch;
  if (subject.kind === 'opted-out') return texts.optedOut;
  if (subject.kind === 'left-asleep') return texts.leftAsleep;
  const { progress } = subject;
  if (progress.state === 'hopeless') return texts.reasons[progress.reason];
  if (progress.state === 'reachable') return texts.silent;
  return { title: texts.waking.title, text: texts.steps[progress.step] };
}

function renderBody({ subject, branch, host }: Page, texts: Texts): Html {
  switch (subject.kind) {
    case 'waking':
      return renderWaking(subject, texts);
    case 'no-such-branch':
      return renderNoSuchBranch(host, texts);
    case 'opted-out':
      return renderOptedOut(subject.ref ?? `deployment/${branch}`, texts);
    case 'left-asleep':
      return NOTHING;
    default:
      return subject satisfies never;
  }
}

function renderBrand({ logoText = '', link }: Branding): Html {
  if (logoText === '') return NOTHING;
  const isLink = link !== undefined && isBrandLink(link);
  const name = isLink ? html`<a href="${link}" rel="noreferrer">${logoText}</a>` : html`${logoText}`;
  return html`<header class="brand">${name}</header>`;
}
