const MAX_CHARACTERS = 300;

/** Cuts a text of Kubernetes, which anybody may have written, to 300 characters. It stays as hostile as it was. */
export function cutText(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1).toWellFormed()}…`;
}
