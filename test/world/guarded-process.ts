import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that cannot outlive the process which started it. */
export type GuardedProcess = {
  readonly isRunning: () => boolean;
  /** The end of what it printed. */
  readonly output: () => string;
  /** Kills it; resolves when it is gone. */
  readonly stop: () => Promise<void>;
};

/**
 * Kills the program when stdin closes, which it does however its parent ends. File descriptor 3 keeps that stdin
 * for `cat`, since a shell gives a background command none. The watcher ends with the program, lest it kill
 * another one that has been given the same id.
 */
const GUARD = [
  'exec 3<&0',
  '"$@" 3<&- &',
  'program=$!',
  '(cat <&3 >/dev/null; kill -9 $program) 2>/dev/null &',
  'watcher=$!',
  'wait $program',
  'code=$?',
  'kill $watcher 2>/dev/null',
  'exit $code',
].join('\n');

const MAX_OUTPUT_CHUNKS = 100;

/** Starts a program. It is not told of Ctrl-C: whoever started it decides when it ends. */
export function startGuarded(command: string, args: readonly string[]): GuardedProcess {
  const child = spawn('sh', ['-c', GUARD, 'sh', command, ...args], { detached: true, stdio: 'pipe' });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    isRunning,
    output: collectOutput(child),
    stop: async () => {
      if (!isRunning()) return;
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

function collectOutput({ stdout, stderr }: ChildProcess): () => string {
  const chunks: string[] = [];
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (chunk) => {
      chunks.push(String(chunk));
      if (chunks.length > MAX_OUTPUT_CHUNKS) chunks.shift(); // the end says why; a long run must not fill the memory
    });
  }
  return () => chunks.join('');
}
