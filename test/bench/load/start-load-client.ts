import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Load, LoadResult } from './load-client.ts';

/** A process of its own, so that what sends does not wait for what is measured. One load at a time. */
export type LoadClient = {
  /** @throws Error when a request failed: half a measurement is none */
  readonly send: (load: Load) => Promise<LoadResult>;
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

const PROGRAM = path.join(import.meta.dirname, 'load-client.ts');

/** Starts the client. It ends when its input does, which it does however this process ends. */
export function startLoadClient(): LoadClient {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    send: async (load) => {
      child.stdin.write(`${JSON.stringify(load)}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error('the client that sends the load has ended');
      return expectWell(JSON.parse(value));
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

function expectWell(result: LoadResult): LoadResult {
  const { answered, failed } = result;
  if (failed > 0 || answered === 0) throw new Error(`of ${answered} answers ${failed} were not as expected`);
  return result;
}

/** A GET as it goes over the wire. */
export function getRequest(path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
