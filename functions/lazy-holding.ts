import type { HttpFunction, Response } from '@google-cloud/functions-framework';
import type { Holding } from './holding.ts';
import { steer } from './steer.ts';

/** The routes of requests that wait. */
export type LazyHolding = {
  readonly hold: HttpFunction;
  readonly page: HttpFunction;
  readonly progress: HttpFunction;
  /** Sends all that waits elsewhere, synchronously, those included that wait for the code: this instance ends. */
  readonly releaseAll: () => void;
};

/**
 * Creates routes whose code is loaded with the first who waits: the cold start of a mirrored visit does without it.
 * When loading fails, the next request tries again.
 *
 * @param now epoch ms
 */
export function createLazyHolding(open: () => Promise<Holding>, now: () => number): LazyHolding {
  const arriving = new Set<Response>();
  let opened: Holding | undefined;
  let loading: Promise<Holding> | undefined;
  const load = async () => {
    if (opened !== undefined) return opened;
    loading ??= open().finally(() => {
      loading = undefined;
    });
    opened = await loading;
    return opened;
  };
  return {
    hold: async (request, response) => {
      const arrivedMs = now();
      arriving.add(response);
      const holding = await load().finally(() => arriving.delete(response));
      if (!response.writableEnded) await holding.hold(request, response, arrivedMs);
    },
    page: async (request, response) => (await load()).page(request, response),
    progress: async (request, response) => (await load()).progress(request, response),
    releaseAll: () => {
      for (const response of arriving) steer(response, 'again');
      opened?.releaseAll();
    },
  };
}
