import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePorts } from './free-ports.ts';

export type FunctionOptions = {
  readonly target: 'wake' | 'sleep';
  /** All that the process sees beside PATH: nothing of this one's environment leaks in. */
  readonly env: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
  /** Told of each line that it logs. */
  readonly onLine?: (line: string) => void;
  readonly nodeOptions?: readonly string[];
};

/** A function served by functions-framework, as Cloud Run does it. */
export type FunctionProcess = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Everything it printed. */
  readonly lines: readonly string[];
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
};

const ROOT = path.resolve(import.meta.dirname, '../..');
const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';
/** Ends the process when ours does, however ours ends: its standard input closes then. */
const GUARD = "data:text/javascript,process.stdin.on('end', () => process.exit(1)).resume()";
const READY = 'Serving function';
const START_TIMEOUT_MS = 30_000;

/**
 * Starts a function and waits until it serves: from the source, or with `DORMOUSE_ARTIFACT=package` from an archive
 * made of it, as it is deployed.
 *
 * @throws Error with what it printed, if it ends or does not serve in time
 */
export async function startFunction(options: FunctionOptions): Promise<FunctionProcess> {
  const port = options.port ?? (await findFreePorts(1))[0] ?? 0;
  const child = spawnFunction(options, { port, folder: await findFolder() });
  const stopWithUs = () => child.kill('SIGKILL');
  process.once('exit', stopWithUs);
  child.once('exit', () => process.off('exit', stopWithUs));
  const lines: string[] = [];
  await waitUntilServing(child, (line) => {
    lines.push(line);
    options.onLine?.(line);
  }).catch((error) => {
    child.kill('SIGKILL');
    throw new Error(`${options.target} did not start\n${lines.join('\n')}`, { cause: error });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    lines,
    stop: (signal = 'SIGTERM') => stopChild(child, signal),
  };
}

/** @throws Error when the environment asks for an artifact that there is not: the wrong one would pass for it */
async function findFolder(): Promise<string> {
  const artifact = process.env.DORMOUSE_ARTIFACT ?? 'source';
  if (artifact === 'source') return ROOT;
  if (artifact !== 'package') throw new Error(`DORMOUSE_ARTIFACT is source or package, not ${artifact}`);
  const { findPackagedArchive } = await import('./packaged-archive.ts');
  return findPackagedArchive();
}

type Place = { readonly port: number; readonly folder: string };

function spawnFunction(
  { target, env, nodeOptions = [] }: FunctionOptions,
  { port, folder }: Place,
): ChildProcess {
  return spawn(process.execPath, ['--import', GUARD, ...nodeOptions, path.join(folder, FRAMEWORK)], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...env, FUNCTION_TARGET: target, PORT: String(port) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function waitUntilServing(child: ChildProcess, onLine: (line: string) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error('too slow')), START_TIMEOUT_MS);
  child.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}`)));
  child.once('error', reject);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      onLine(line);
      if (line.startsWith(READY)) resolve();
    });
  }
  await promise.finally(() => clearTimeout(timer));
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
