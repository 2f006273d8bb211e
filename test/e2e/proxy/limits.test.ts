import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { Answer } from './exchange.ts';
import { type ProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';
import { createSleepingBranch } from './sleeping-branch.ts';
import { steer } from './wake-stand-in.ts';

const ORDER = { method: 'POST', body: 'order' } as const;

describeWith(['nginx'], 'held requests', () => {
  test('of one branch are limited, and the next gets 503 with Retry-After', async () => {
    const world = await startProxyWorldForTest({ variables: { held_per_branch: 3 } });
    const [one, other] = [createSleepingBranch(world), createSleepingBranch(world)];
    const held = await holdMany(world, [one.host, one.host, one.host]);
    expect(await world.visit({ host: one.host, ...ORDER })).toMatchObject(crowded());
    const held2 = await holdMany(world, [other.host]);
    await one.wake();
    await other.wake();
    expect(await held.release()).toEqual([200, 200, 200]);
    expect(await held2.release()).toEqual([200]);
    expect(one.deliveries).toHaveLength(3);
  });

  test('of all branches are limited, and awake ones are served', async () => {
    const world = await startProxyWorldForTest({ variables: { held_in_all: 3 } });
    const branches = [1, 2, 3, 4].map(() => createSleepingBranch(world));
    const [one, two, three, four] = branches.map((branch) => branch.host) as [string, string, string, string];
    const held = await holdMany(world, [one, two, three]);
    expect(await world.visit({ host: four, ...ORDER })).toMatchObject(crowded());
    expect(await world.visit({ host: 'awake--g.gyazo.example' })).toMatchObject({ status: 200 });
    for (const branch of branches) await branch.wake();
    expect(await held.release()).toEqual([200, 200, 200]);
    expect(await world.visit({ host: four, ...ORDER })).toMatchObject({ status: 200 });
  });

  test('are counted once, however many rounds they need', async () => {
    const world = await startProxyWorldForTest({ variables: { held_per_branch: 1, held_in_all: 1 } });
    const branch = createSleepingBranch(world);
    world.wake.answerWith('/hold', async (_, n) => {
      if (n === 40) await branch.wake();
      return steer(n % 4 === 0 ? 'again' : 'awake');
    });
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 200 });
  });

  test('are let go at the function when the visitor leaves, in whatever round', async () => {
    const world = await startProxyWorldForTest();
    const branch = createSleepingBranch(world);
    world.wake.answerWith('/hold', (_, n) => (n === 0 || n === 2 || n === 3 ? 'hang' : steer('again')));
    for (const lastCall of [0, 2]) {
      const leaving = new AbortController();
      const gone = world.visit({ host: branch.host, signal: leaving.signal }).catch(() => 'gone');
      const call = () => world.wake.callsOf('/hold')[lastCall];
      await until(
        () => call() !== undefined,
        () => 'it was not held',
      );
      expect(call()?.ended.aborted).toBe(false);
      leaving.abort();
      expect(await gone).toBe('gone');
      await until(
        () => call()?.ended.aborted === true,
        () => 'the function waits for nobody',
      );
    }
  });

  test('are logged with their seconds, their rounds and what became of them', async () => {
    const world = await startProxyWorldForTest();
    const [kept, late] = [createSleepingBranch(world), createSleepingBranch(world)];
    world.wake.answerWith('/hold', async (call, n) => {
      if (call.headers.get('x-dormouse-host') === late.host) return steer('page');
      await delay(200);
      if (n === 1) await kept.wake();
      return steer(n === 0 ? 'again' : 'awake');
    });
    await world.visit({ host: kept.host, ...ORDER });
    await world.visit({ host: late.host, ...ORDER });
    await world.visit({ host: late.host, headers: { 'user-agent': 'Slackbot 1.0' } });
    await world.visit({ host: 'awake--g.gyazo.example' });
    const lines = () => world.proxy.accessLog().filter((line) => line.held !== undefined);
    await until(
      () => lines().length === 5,
      () => JSON.stringify(lines()),
    );
    expect(lines()).toMatchObject([
      {
        held: 'awake',
        round: '1',
        status: '200',
        waited: expect.stringMatching(/^0\.[2-9]\d*,0\.[2-9]\d*$/),
      },
      { held: 'again', round: '0', status: '200' },
      { held: 'page', round: '0', status: '503' },
      { held: 'turned-away', status: '503' },
      { held: '', waited: '', status: '200' },
    ]);
  });
});

function crowded(): Partial<Answer> {
  return {
    status: 503,
    headers: expect.objectContaining({ 'retry-after': '10', 'content-type': 'application/problem+json' }),
    body: expect.stringContaining('Too many'),
  };
}

/** Has these requests wait at the function; `release` sends them on and says how they were answered. */
async function holdMany(world: ProxyWorld, hosts: readonly string[]) {
  const open = Promise.withResolvers<void>();
  onTestFinished(() => open.resolve());
  world.wake.answerWith('/hold', async () => {
    await open.promise;
    return steer('awake');
  });
  const before = world.wake.callsOf('/hold').length;
  const visits = hosts.map((host) => world.visit({ host, ...ORDER }));
  await until(
    () => world.wake.callsOf('/hold').length === before + hosts.length,
    () => 'not all are held',
  );
  return {
    release: async () => {
      open.resolve();
      return (await Promise.all(visits)).map((answer) => answer.status);
    },
  };
}
