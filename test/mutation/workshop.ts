import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applyMutant, type Mutant } from './mutant.ts';

/** A copy of the project, in which things may be broken. */
export type Workshop = {
  readonly folder: string;
  /** Puts a mutant in, and returns what takes it out again. */
  readonly breakWith: (mutant: Mutant) => () => void;
  readonly remove: () => void;
};

const ROOT = path.resolve(import.meta.dirname, '../..');
const COPIED = ['docs', 'functions', 'shared', 'terraform', 'test', 'package.json', 'package-lock.json'];

/** Copies the project as it is now, so that nobody's edits meanwhile are seen. */
export function openWorkshop(): Workshop {
  const folder = mkdtempSync(path.join(tmpdir(), 'dormouse-mutants-'));
  for (const name of COPIED) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true, filter: isOurs });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return {
    folder,
    breakWith: (mutant) => {
      const file = path.join(folder, mutant.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, applyMutant(mutant, source));
      return () => writeFileSync(file, source);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Terraform keeps its providers beside its sources. */
function isOurs(file: string): boolean {
  return path.basename(file) !== '.terraform';
}
