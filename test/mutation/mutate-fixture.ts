import { execFile } from 'node:child_process';
import path from 'node:path';

const SCRIPT = path.join(import.meta.dirname, 'mutate.ts');

type Ended = { readonly code: number; readonly lines: readonly string[]; readonly errors: string };

/** Runs `npm run mutate -- ARGS` to its end. */
export function runMutate(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], (error, stdout, errors) => {
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n'), errors });
    });
  });
}
