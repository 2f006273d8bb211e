/** Errors that only a mistake in our own code raises: their stack says more than their message. */
const MISTAKES = ['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError', 'AssertionError'];

/** What a person is told of whatever was thrown: the stack too where the mistake is our own. */
export function messageOf(error: unknown): string {
  const isMistake = error instanceof Error && MISTAKES.includes(error.name);
  return isMistake ? (error.stack ?? error.message) : reasonOf(error);
}

/** The bare message of whatever was thrown, for an error that carries it as its cause. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
