import { describe, inject } from 'vitest';
import type { PartName } from './parts.ts';

/** Path of a real part; '' where it is missing, in which case `describeWith` runs nothing. */
export function partPath(name: PartName): string {
  const part = inject('parts')[name];
  return 'path' in part ? part.path : '';
}

/** A `describe` for tests that need real parts. What is left out was printed by the setup, with the reason. */
export function describeWith(parts: readonly PartName[], name: string, suite: () => void): void {
  describe.runIf(parts.every((part) => partPath(part) !== ''))(name, suite);
}
