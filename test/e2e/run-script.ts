import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from './visits.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export type Script = {
  /** All that it printed so far. */
  readonly output: () => string;
  /** @throws Error with the output, if the text does not come in time */
  readonly untilPrinted: (text: string) => Promise<void>;
  /** Sends Ctrl-C and waits for the end; its exit code. */
  readonly interrupt: () => Promise<number | null>;
  readonly ended: () => Promise<number | null>;
};

/** Runs one of the project's scripts as `npm run` does, and kills it when the test ends. */
export function runScript(file: string, args: readonly string[], env: Record<string, string> = {}): Script {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  return {
    output: () => printed,
    untilPrinted: async (text) =>
      void (await eventually(
        () => printed,
        (output) => output.includes(text),
      )),
    interrupt: () => {
      child.kill('SIGINT');
      return ended(child);
    },
    ended: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
