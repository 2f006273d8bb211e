import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export type Program = { readonly port: number; readonly pid: number; readonly stop: () => Promise<void> };

/**
 * Starts a program of this folder, which prints its port first and ends when its standard input does: so it ends with
 * this process, however that ends.
 * @throws Error when it ends before it prints
 */
export async function startProgram(name: string, ...args: readonly string[]): Promise<Program> {
  const file = path.join(import.meta.dirname, name);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended`)));
  ended.catch(() => undefined);
  const printed = once(createInterface({ input: child.stdout }), 'line');
  const [port] = await Promise.race([printed, ended]);
  return { port: Number(port), pid: child.pid ?? 0, stop: () => endProgram(child) };
}

async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
