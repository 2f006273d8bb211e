import { setTimeout as delay } from 'node:timers/promises';
import type { StagingProxy } from '../../world/staging-proxy.ts';
import { visit } from '../visits.ts';

/** Somebody who uses a branch that is awake, whatever happens around it. */
export type WarmTraffic = {
  /** Requests that have been answered, well or not. */
  readonly count: () => number;
  /** What went wrong: any answer but 200. */
  readonly failures: () => readonly string[];
  /** Of nginx's access log. */
  readonly firstLine: number;
  readonly stop: () => Promise<void>;
};

const EVERY_MS = 50;

/** Visits a branch through nginx 20 times a second at most, each time over a connection of its own. */
export function startWarmTraffic(proxy: StagingProxy, branch: string): WarmTraffic {
  const firstLine = proxy.accessLog().length;
  const told = new AbortController();
  const failures: string[] = [];
  let count = 0;
  const visiting = (async () => {
    while (!told.signal.aborted) {
      const outcome = await visit(proxy.port, branch).then(
        ({ status }) => (status === 200 ? 'served' : `answered ${status}`),
        (error: Error) => error.message,
      );
      count += 1;
      if (outcome !== 'served') failures.push(`${outcome} at ${new Date().toISOString()}`);
      await delay(EVERY_MS);
    }
  })();
  return {
    count: () => count,
    failures: () => failures,
    firstLine,
    stop: async () => {
      told.abort();
      await visiting;
    },
  };
}
