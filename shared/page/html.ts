import { escapeHtml } from './escape-html.ts';

/** Markup that is safe to send. Only `html` and `trustedHtml` make it, so a text cannot be taken for one. */
export type Html = { readonly markup: string };

type Part = string | number | Html | readonly Html[];

/** Template tag: every text between the markup is escaped. */
export function html(markup: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const tail = parts.map((part, index) => toMarkup(part) + (markup[index + 1] ?? ''));
  return { markup: (markup[0] ?? '') + tail.join('') };
}

/** Declares a text of our own to be markup. Never for anything that came from a cluster, a visitor or a setting. */
export function trustedHtml(markup: string): Html {
  return { markup };
}

/** No markup at all. */
export const NOTHING: Html = { markup: '' };

function toMarkup(part: Part): string {
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}
