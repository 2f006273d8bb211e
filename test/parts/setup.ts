import type { TestProject } from 'vitest/node';
import { ensureParts, type Parts } from './parts.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    parts: Parts;
  }
}

/**
 * Finds the real parts before the first test, hands them to the tests, and says which are left out and why.
 * @throws Error when `DORMOUSE_REQUIRE=all` and a part is missing
 */
export function setup(project: TestProject): void {
  const parts = ensureParts();
  const missing = Object.entries(parts).filter((entry) => 'missing' in entry[1]);
  const lines = missing.map(
    ([name, part]) => `left out: tests on ${name}: ${'missing' in part && part.missing}`,
  );
  if (process.env.DORMOUSE_REQUIRE === 'all' && lines.length > 0) {
    throw new Error(`DORMOUSE_REQUIRE=all, but parts are missing\n${lines.join('\n')}`);
  }
  for (const line of lines) console.log(line);
  project.provide('parts', parts);
}
