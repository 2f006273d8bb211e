/** What nginx tells of a request, each an empty string where the visitor sent nothing. */
export type RequestMarks = {
  readonly method: string;
  readonly accept: string;
  /** `Sec-Fetch-Dest`, which old browsers and plain HTTP addresses do not send. */
  readonly fetchDest: string;
  /** Turbo, htmx and jQuery name themselves: they would swap a page of ours into a running application. */
  readonly isScript: boolean;
};

/** Whether a person opened an address in a browser. When in doubt it is not: a page in the wrong place does harm. */
export function isNavigation({ method, accept, fetchDest, isScript }: RequestMarks): boolean {
  if (isScript || (method !== 'GET' && method !== 'HEAD')) return false;
  return (fetchDest === '' || fetchDest === 'document') && accept.split(',').some(asksForHtml);
}

/** `text/html`, with any parameter but the `q=0` that refuses it. */
function asksForHtml(range: string): boolean {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  return type === 'text/html' && !parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
}
