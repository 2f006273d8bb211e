import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePorts } from '../../world/free-ports.ts';

export type Program = {
  /** Where the function lies, with functions-framework installed in it. */
  readonly folder: string;
  /** All that the process sees beside PATH and PORT. */
  readonly env: Readonly<Record<string, string>>;
  /** What it is asked for. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the first answer. */
  readonly status: number;
};

/** One cold start, from the spawn to the first answer. */
export type ColdStart = {
  /** `performance.now()` at the spawn. */
  readonly spawnedMs: number;
  readonly wallMs: number;
  /** All threads together. */
  readonly cpuMs: number;
  /** Memory that is resident after the answer. */
  readonly rssMib: number;
};

const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';
const POLL_MS = 2;
const TIMEOUT_MS = 30_000;

/**
 * Starts a function as Google's image does, asks it until it answers, and kills it.
 * @throws Error when it ends, or answers otherwise than expected
 */
export async function startOnce(program: Program): Promise<ColdStart> {
  const [port = 0] = await findFreePorts(1);
  const spawnedMs = performance.now();
  const child = spawn(process.execPath, [path.join(program.folder, FRAMEWORK)], {
    cwd: program.folder,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...program.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  try {
    const status = await firstStatus(child, port, program);
    const wallMs = performance.now() - spawnedMs;
    if (status !== program.status)
      throw new Error(`answered ${status} instead of ${program.status}\n${printed}`);
    return { spawnedMs, wallMs, ...usageOf(child.pid ?? 0) };
  } finally {
    await end(child);
    process.off('exit', killWithUs);
  }
}

async function firstStatus(child: ChildProcess, port: number, program: Program): Promise<number | undefined> {
  const endsAtMs = performance.now() + TIMEOUT_MS;
  while (child.exitCode === null && performance.now() < endsAtMs) {
    const status = await ask(port, program);
    if (status !== 'refused') return status;
    await delay(POLL_MS);
  }
  throw new Error(`${child.spawnargs.join(' ')} did not answer`);
}

async function ask(port: number, { path: where, headers = {} }: Program) {
  const outgoing = http.get({ host: '127.0.0.1', port, path: where, headers, agent: false });
  try {
    const [response] = (await once(outgoing, 'response')) as [http.IncomingMessage];
    response.resume();
    return response.statusCode;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return 'refused';
    throw error;
  }
}

/** Source: proc(5): `schedstat` begins with the nanoseconds that a thread has run. */
function usageOf(pid: number): Pick<ColdStart, 'cpuMs' | 'rssMib'> {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ranNs = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'));
  const rssKib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    cpuMs: ranNs.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0) / 1e6,
    rssMib: Number(rssKib) / 1_024,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
