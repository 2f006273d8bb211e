import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from './sleeping-branch.ts';
import { steer, type WakeCall, type WakeReply } from './wake-stand-in.ts';

const ORDER = { method: 'POST', body: 'order' } as const;

/** More tries than nginx allows a request redirects, several times over. */
const MANY = 60;

/** What the function says the nth time. Only an answer of `awake` after the branch is up ends it. */
const STORIES: Record<string, (n: number) => WakeReply> = {
  'says @awake each time': () => steer('awake'),
  'says @again each time, as an instance does that ends': (n) => steer(n < MANY ? 'again' : 'awake'),
  'says the one and the other': (n) => steer(n % 3 === 1 && n < MANY ? 'again' : 'awake'),
  'fails every second time': (n) => (n % 2 === 0 ? { status: 503 } : steer('awake')),
  'is cut off now and then': (n) => (n % 5 === 3 ? 'cut' : steer('awake')),
};

describeWith(['nginx'], 'a request to a branch that is Ready but does not listen', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  test.each(Object.entries(STORIES))('is kept, however often the function %s', async (_, story) => {
    const branch = createSleepingBranch(world);
    let asked = 0;
    world.wake.answerWith('/hold', async () => {
      const n = asked++;
      if (n === MANY) await branch.wake();
      return story(n);
    });
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 200 });
    expect(branch.deliveries).toHaveLength(1);
    expect(asked).toBeGreaterThan(MANY);
    expect(world.proxy.errorLog()).not.toContain('cycle');
  });

  test.each(Array.from({ length: 24 }, (_, n) => n))('is kept if it listens after try %i', async (tries) => {
    const branch = createSleepingBranch(world);
    let asked = 0;
    world.wake.answerWith('/hold', async () => {
      if (asked++ === tries) await branch.wake();
      return steer('awake');
    });
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 200 });
    expect(branch.deliveries).toHaveLength(1);
  });

  test('tells the function its tries in this round, the round, and the time in all', async () => {
    const branch = createSleepingBranch(world);
    const pause = 100;
    world.wake.answerWith('/hold', async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (n - before === 7) await branch.wake();
      return steer('awake');
    });
    const before = world.wake.callsOf('/hold').length;
    await world.visit({ host: branch.host, ...ORDER });
    const told = world.wake.callsOf('/hold', branch.host);
    expect(told.map((call) => `${call.headers.get('x-dormouse-round')}:${triesOf(call)}`)).toEqual([
      '0:0',
      '0:1',
      '1:0',
      '1:1',
      '1:2',
      '1:3',
      '2:0',
      '2:1',
    ]);
    for (const [n, call] of told.entries()) {
      expect(waitedOf(call)).toBeGreaterThanOrEqual((pause * n) / 1_000 - 0.02);
      expect(waitedOf(call)).toBeLessThan((pause * n) / 1_000 + 1);
    }
  });

  test('needs no more connections for five rounds than for one', async () => {
    const branch = createSleepingBranch(world);
    const depths: number[] = [];
    world.wake.answerWith('/hold', async (call, n) => {
      depths.push((call.headers.get('x-dormouse-waited') ?? '').split(',').length);
      if (n - before === 21) await branch.wake();
      return steer('awake');
    });
    const before = world.wake.callsOf('/hold').length;
    await world.visit({ host: branch.host, ...ORDER });
    expect(depths).toHaveLength(22);
    expect(Math.max(...depths)).toBe(2);
  });

  test('cannot shorten or lengthen its wait by naming the time or the round itself', async () => {
    const branch = createSleepingBranch(world);
    wakeOnHold(world, branch);
    const headers = { 'x-dormouse-waited': '3600', 'x-dormouse-round': '4', 'x-dormouse-tried': '200' };
    await world.visit({ host: branch.host, headers });
    const [call] = world.wake.callsOf('/hold', branch.host);
    expect(call && waitedOf(call)).toBeLessThan(5);
    expect(call?.headers.get('x-dormouse-round')).toBe('0');
    expect(call?.headers.get('x-dormouse-tried')).toBe('502');
  });
});

/** As the function counts them: each 200 is an answer of its own. */
function triesOf(call: WakeCall): number {
  return (call.headers.get('x-dormouse-tried') ?? '')
    .split(/[,:]/)
    .filter((status) => status.trim() === '200').length;
}

function waitedOf(call: WakeCall): number {
  const parts = (call.headers.get('x-dormouse-waited') ?? '').split(',');
  return parts.reduce((sum, seconds) => sum + Number(seconds), 0);
}
