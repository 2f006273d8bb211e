import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One fenced block of the page. */
export type Example = { readonly language: string; readonly text: string };

/** A heading of the second level and what stands below it. */
export type Section = { readonly anchor: string; readonly examples: readonly Example[] };

const FILE = path.resolve(import.meta.dirname, '../../docs/policies.md');
const FENCED = /^```(\w+)\n([\s\S]*?)^```$/gm;

/** Reads docs/policies.md: its sections with their examples, and what its tables lead to. */
export function readPoliciesPage(): {
  readonly sections: readonly Section[];
  readonly rows: readonly string[];
} {
  const page = readFileSync(FILE, 'utf8');
  const [introduction = '', ...parts] = page.split(/^## /m);
  const sections = parts.map((part) => ({
    anchor: (part.split('\n')[0] ?? '').toLowerCase().replaceAll(' ', '-'),
    examples: Array.from(part.matchAll(FENCED), ([, language = '', text = '']) => ({ language, text })),
  }));
  const rows = introduction.split('\n').filter((line) => line.startsWith('|'));
  return { sections, rows: rows.flatMap((row) => /\(#([a-z-]+)\)/.exec(row)?.[1] ?? []) };
}

/** The commands of a block, one a line, as words. */
export function commandsOf({ text }: Example): readonly (readonly string[])[] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain = '']) => quoted ?? plain),
    );
}
