import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export type Load = {
  readonly port: number;
  readonly requests: number;
  /** The host of the nth request. */
  readonly host: (n: number) => string;
  /** Spreads the requests over this time; default: as fast as they go. */
  readonly overMs?: number;
};

export type LoadResult = { readonly ok: number; readonly failed: number; readonly longestMs: number };

const SOCKETS = 32;

/** Sends requests over 32 connections that are kept alive, each the next as soon as it has its answer. */
export async function sendMany(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const result = { ok: 0, failed: 0, longestMs: 0 };
  const startedMs = performance.now();
  let next = 0;
  const sendNext = async (): Promise<void> => {
    while (next < load.requests) {
      const n = next++;
      const dueMs = startedMs + ((load.overMs ?? 0) * n) / load.requests;
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 1) await delay(earlyMs);
      const sentMs = performance.now();
      const status = await statusOf(load.port, load.host(n), agent);
      if (status === 200) result.ok++;
      else result.failed++;
      result.longestMs = Math.max(result.longestMs, performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: SOCKETS }, sendNext));
  agent.destroy();
  return result;
}

function statusOf(port: number, host: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, agent, headers: { host } }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', () => resolve(0));
    });
    request.once('error', () => resolve(0));
  });
}
