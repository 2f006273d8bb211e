import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from '@google-cloud/functions-framework';
import { expect, test } from 'vitest';
import type { Holding } from '../../functions/holding.ts';
import { createLazyHolding } from '../../functions/lazy-holding.ts';
import { steer } from '../../functions/steer.ts';
import { serve } from './serve.ts';

function fakeHolding(): Holding & { readonly arrivals: number[] } {
  const arrivals: number[] = [];
  const waiting: Response[] = [];
  return {
    arrivals,
    hold: async (_request, response, arrivedMs) => {
      arrivals.push(arrivedMs);
      waiting.push(response);
      if (arrivals.length > 1) steer(response, 'awake');
    },
    page: (_request, response) => void response.status(503).end(),
    progress: (_request, response) => void response.status(200).end(),
    releaseAll: () => {
      for (const response of waiting) steer(response, 'again');
    },
  };
}

async function lazyServer(open: () => Promise<Holding>, now = () => 7) {
  const holding = createLazyHolding(open, now);
  const url = await serve('lazy', async (request, response) => {
    if (request.path === '/page') return holding.page(request, response);
    return holding.hold(request, response);
  });
  return { ...holding, send: (where = '/hold') => fetch(`${url}${where}`) };
}

const whereTo = (answer: globalThis.Response) => answer.headers.get('x-accel-redirect');

const until = async (isSo: () => boolean) => {
  while (!isSo()) await delay(5);
};

test('releaseAll sends a hold back that still waits for the code, and it is not held afterwards', async () => {
  const code = Promise.withResolvers<Holding>();
  let isAsked = false;
  const { send, releaseAll } = await lazyServer(() => {
    isAsked = true;
    return code.promise;
  });
  const held = send();
  await until(() => isAsked);
  releaseAll();
  expect(whereTo(await held)).toBe('@again');
  const loaded = fakeHolding();
  code.resolve(loaded);
  await delay(20);
  expect(loaded.arrivals).toEqual([]);
});

test('releaseAll sends a hold back whose code has been loaded', async () => {
  const loaded = fakeHolding();
  const { send, releaseAll } = await lazyServer(async () => loaded);
  const held = send();
  await until(() => loaded.arrivals.length === 1);
  releaseAll();
  expect(whereTo(await held)).toBe('@again');
});

test('the code is loaded once, however many come at the same time, and not before the first', async () => {
  let loads = 0;
  const { send } = await lazyServer(async () => {
    loads++;
    await delay(20);
    return fakeHolding();
  });
  expect(loads).toBe(0);
  expect((await Promise.all([send('/page'), send('/page')])).map(({ status }) => status)).toEqual([503, 503]);
  expect((await send('/page')).status).toBe(503);
  expect(loads).toBe(1);
});

test('a hold has arrived when its request did, not when the code was there', async () => {
  const loaded = fakeHolding();
  let nowMs = 1_000;
  const { send, releaseAll } = await lazyServer(
    async () => {
      nowMs = 2_000;
      return loaded;
    },
    () => nowMs,
  );
  const held = send();
  await until(() => loaded.arrivals.length === 1);
  releaseAll();
  await held;
  expect(loaded.arrivals).toEqual([1_000]);
});

test('the next request loads the code when loading it failed', async () => {
  let loads = 0;
  const { send } = await lazyServer(async () => {
    loads++;
    if (loads === 1) throw new Error('too many open files');
    return fakeHolding();
  });
  expect((await send('/page')).status).toBe(500);
  expect((await send('/page')).status).toBe(503);
});
