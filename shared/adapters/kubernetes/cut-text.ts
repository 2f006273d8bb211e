const MAX_CHARACTERS = 300;

/** Cuts a text of Kubernetes, which anybody may have written. It stays as hostile as it was. */
export function cutText(text: string, maxCharacters = MAX_CHARACTERS): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 1).toWellFormed()}…`;
}
