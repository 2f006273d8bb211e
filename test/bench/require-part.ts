import { ensurePart, type PartName } from '../parts/parts.ts';

/** A real part that a measure needs is not here: the measure is left out, with the reason. */
export class MissingPartError extends Error {
  override readonly name = 'MissingPartError';
}

/**
 * Path of a real part.
 * @throws MissingPartError that says how to get it
 */
export function requirePart(name: PartName): string {
  const part = ensurePart(name);
  if ('missing' in part) throw new MissingPartError(`needs ${name}: ${part.missing}`);
  return part.path;
}
