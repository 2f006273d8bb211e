import type { Language } from './choose-language.ts';
import type { Texts } from './texts.ts';
import { ENGLISH } from './texts-english.ts';
import { JAPANESE } from './texts-japanese.ts';

const TEXTS: Readonly<Record<Language, Texts>> = { en: ENGLISH, ja: JAPANESE };

/** The texts of a language. */
export function textsOf(language: Language): Texts {
  return TEXTS[language];
}
