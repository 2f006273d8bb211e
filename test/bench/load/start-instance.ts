import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { eventually } from '../../e2e/visits.ts';
import { findFreePorts } from '../../world/free-ports.ts';

/** One instance of a function, as Cloud Run runs it: functions-framework and nothing else. */
export type Instance = { readonly port: number; readonly pid: number; readonly stop: () => Promise<void> };

const ROOT = path.resolve(import.meta.dirname, '../../..');
const FRAMEWORK = path.join(ROOT, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
/** Ends the process when ours does, however ours ends: its standard input closes then. */
const GUARD = "data:text/javascript,process.stdin.on('end', () => process.exit(1)).resume()";
const START_TIMEOUT_MS = 30_000;

/**
 * Serves a function. Nobody reads what it logs: whoever did would take part of the machine from what is measured.
 * @throws Error when it does not answer in time
 */
export async function startInstance(env: Readonly<Record<string, string>>): Promise<Instance> {
  const [port = 0] = await findFreePorts(1);
  const child = spawn(process.execPath, ['--import', GUARD, FRAMEWORK], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', PORT: String(port), ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await eventually(() => answers(port), Boolean, START_TIMEOUT_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, pid: child.pid ?? 0, stop };
}

/** functions-framework answers this by itself. */
async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/favicon.ico`).then(
    () => true,
    () => false,
  );
}
