import { type FunctionProcess, startFunction } from '../../world/function-process.ts';
import { eventually } from '../visits.ts';

/** A function whose memory and output are watched. */
export type WatchedFunction = FunctionProcess & {
  readonly isAlive: () => boolean;
  /** What it logged, without what it says at the start. */
  readonly logged: () => readonly string[];
  /** Resident memory after two garbage collections, MiB. */
  readonly rssMib: () => Promise<number>;
};

const MARK = 'resident bytes: ';
/** On SIGUSR2 it tidies up and tells how much is left. */
const TELL_MEMORY = `data:text/javascript,${encodeURIComponent(`
process.on('SIGUSR2', async () => {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 500));
  globalThis.gc();
  console.error('${MARK}' + process.memoryUsage.rss());
});`)}`;
const BYTES_PER_MIB = 1_048_576;
const GREETING = /^(?:Serving function|Function: |Signature type: |URL: )/;

/** Starts a function that tells its memory when it is asked to. */
export async function startWatchedFunction(
  target: 'wake' | 'sleep',
  env: Readonly<Record<string, string>>,
): Promise<WatchedFunction> {
  const started = await startFunction({
    target,
    env,
    nodeOptions: ['--expose-gc', '--import', TELL_MEMORY],
  });
  const told = () => started.lines.filter((line) => line.startsWith(MARK));
  return {
    ...started,
    isAlive: () => isAlive(started.pid),
    logged: () => started.lines.filter((line) => !line.startsWith(MARK) && !GREETING.test(line)),
    rssMib: async () => {
      const before = told().length;
      process.kill(started.pid, 'SIGUSR2');
      const answers = await eventually(told, ({ length }) => length > before);
      return Number(answers.at(-1)?.slice(MARK.length)) / BYTES_PER_MIB;
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
