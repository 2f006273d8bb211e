import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { findFreePorts } from '../world/free-ports.ts';
import { eventually } from './visits.ts';

export type ArchiveOptions = {
  /** Where it was unpacked and installed. */
  readonly folder: string;
  readonly target: 'wake' | 'sleep';
  /** All that the process sees beside PATH. */
  readonly env: Readonly<Record<string, string>>;
};

/** Serves a function of an unpacked archive as Google's image does, until the test ends; its address. */
export async function serveArchive(options: ArchiveOptions): Promise<string> {
  const [port] = await findFreePorts(1);
  const child = startArchive({ ...options, env: { ...options.env, PORT: String(port) } });
  const printed = text(child.stdout as NonNullable<ChildProcess['stdout']>);
  const url = `http://127.0.0.1:${port}`;
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`${options.target} ended\n${await printed}`);
      return fetch(`${url}/favicon.ico`).then(
        ({ status }) => status,
        () => 0,
      );
    },
    (status) => status === 404,
  );
  return url;
}

/** Starts it and waits for its end. */
export async function runArchive(options: ArchiveOptions): Promise<{ code: number; output: string }> {
  const child = startArchive(options);
  const [output, [code]] = await Promise.all([
    text(child.stdout as NonNullable<ChildProcess['stdout']>),
    once(child, 'exit'),
  ]);
  return { code, output };
}

function startArchive({ folder, target, env }: ArchiveOptions): ChildProcess {
  const framework = path.join(folder, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
  // Whatever it prints, in one stream.
  const child = spawn('sh', ['-c', 'exec "$0" "$1" 2>&1', process.execPath, framework], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', FUNCTION_TARGET: target, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
