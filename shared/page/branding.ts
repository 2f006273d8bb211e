/** What a team may put on its pages. */
export type Branding = {
  /** Follows the page's own title, in the browser's tab. */
  readonly title?: string;
  /** Stands at the top of the page. */
  readonly logoText?: string;
  /** Where the logo text leads: an http(s) URL. */
  readonly link?: string;
};

/** The longest title or logo text, in characters. */
export const MAX_BRAND_LENGTH = 80;
/** The longest link, in characters. */
export const MAX_BRAND_LINK_LENGTH = 500;

/** Whether a link may stand on the pages: http or https, no password in it, not too long. */
export function isBrandLink(link: string): boolean {
  const url = URL.parse(link);
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  return isWeb && link.length <= MAX_BRAND_LINK_LENGTH && url.username === '' && url.password === '';
}
