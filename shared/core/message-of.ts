/** Errors that only a mistake in our own code raises: their stack says more than their message. */
const MISTAKES = ['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError', 'AssertionError'];

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return MISTAKES.includes(error.name) ? (error.stack ?? error.message) : error.message;
}
