import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { called, type ProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';

const PROMPT_MS = 500;
/** nginx counts a cache time of 1 s in whole seconds of the clock. */
const EXPIRED_MS = 2_100;

describeWith(['nginx'], "the proxy's identity token", () => {
  test('is made for the function and reaches it, asked for once for many touches', async () => {
    const world = await startProxyWorldForTest();
    for (let n = 0; n < 5; n++) await touch(world, `identity-${n}--g.gyazo.example`);
    const tokens = world.wake.calls.map((call) => call.headers.get('authorization'));
    expect(new Set(tokens).size).toBe(1);
    expect(audienceOf(tokens[0])).toBe(world.wake.url);
    expect(world.metadata.requests).toHaveLength(1);
  });

  test('is used on while the metadata server fails', async () => {
    const world = await startProxyWorldForTest({ variables: { identity_cache_time: '1s' } });
    await touch(world, 'before--g.gyazo.example');
    world.metadata.setMood({ status: 503 });
    await delay(EXPIRED_MS);
    await touch(world, 'meanwhile--g.gyazo.example');
    const tokens = world.wake.calls.map((call) => call.headers.get('authorization'));
    expect(tokens[1]).toBe(tokens[0]);
    await until(
      () => world.metadata.requests.length > 1,
      () => 'the metadata server was not asked again',
    );
  });

  test.each(['hang', { status: 500 }] as const)(
    'delays no visitor and no later one while the metadata server does %o, and the touch goes without it',
    async (mood) => {
      const world = await startProxyWorldForTest();
      world.metadata.setMood(mood);
      for (let n = 0; n < 5; n++) {
        const startedMs = performance.now();
        expect(await world.visit({ host: 'patient--g.gyazo.example' })).toMatchObject({ status: 200 });
        expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
      }
      await called(world.wake, 'patient--g.gyazo.example');
      expect(world.wake.calls[0]?.headers.has('authorization')).toBe(false);
      expect(world.proxy.errorLog()).toContain('no identity token');
    },
  );
});

async function touch(world: ProxyWorld, host: string): Promise<void> {
  await world.visit({ host });
  await called(world.wake, host);
}

function audienceOf(authorization = ''): unknown {
  const payload = authorization.replace('Bearer ', '').split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).aud;
}
