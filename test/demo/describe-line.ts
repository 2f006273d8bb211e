import type { Target } from '../world/staging-world.ts';

/** What of a function's log the demo shows: decisions that changed something, and problems. */
export function describeLine(target: Target, line: string): string | undefined {
  const entry = parseEntry(line);
  if (entry === undefined) return undefined;
  const { severity, message, problem } = entry;
  if (severity === 'DEBUG' || (entry.event === 'sweep' && severity === 'INFO')) return undefined;
  return `  ${target.padEnd(5)} ${message}${problem === undefined ? '' : `: ${problem}`}`;
}

type Entry = { severity?: string; message?: string; event?: string; problem?: string };

/** functions-framework prints lines of its own, which are no JSON. */
function parseEntry(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
