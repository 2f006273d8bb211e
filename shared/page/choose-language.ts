/** The languages that the pages speak. */
export type Language = 'en' | 'ja';

const DEFAULT_LANGUAGE: Language = 'en';
/** Browsers send fewer than ten; anybody may send more. */
const MAX_RANGES = 20;
const MAX_LENGTH = 500;
const RANGE = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,7})(?:;q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * Chooses by `Accept-Language`: the language that is liked best, the earlier one of equals, English when none of
 * ours is named. What cannot be read is passed over. Source: RFC 9110, 12.5.4.
 */
export function chooseLanguage(acceptLanguage: string | undefined): Language {
  const ranges = (acceptLanguage ?? '').slice(0, MAX_LENGTH).split(',').slice(0, MAX_RANGES);
  let best: { readonly language: Language; readonly weight: number } | undefined;
  for (const range of ranges) {
    const liked = readRange(range);
    if (liked !== undefined && liked.weight > (best?.weight ?? 0)) best = liked;
  }
  return best?.language ?? DEFAULT_LANGUAGE;
}

function readRange(range: string): { readonly language: Language; readonly weight: number } | undefined {
  const [, tag = '', weight = '1'] = RANGE.exec(range.toLowerCase().replace(/[ \t]/g, '')) ?? [];
  const language = tag === '*' ? DEFAULT_LANGUAGE : tag.split('-')[0];
  return language === 'en' || language === 'ja' ? { language, weight: Number(weight) } : undefined;
}
