/** One way to break the protocol on purpose: a text of one source file, and what stands there instead. */
export type Mutant = {
  readonly name: string;
  /** What goes wrong with it, in one sentence. */
  readonly breaks: string;
  /** From the project's root. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
};

/**
 * The file's text with the mutant in it.
 * @throws Error when what it looks for is not there exactly once: then the source has moved on, and it must follow
 */
export function applyMutant({ name, file, find, replace }: Mutant, source: string): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined) throw new Error(`${name}: ${file} does not hold its text`);
  if (more.length > 0) throw new Error(`${name}: ${file} holds its text ${more.length + 1} times`);
  return before + replace + after;
}
