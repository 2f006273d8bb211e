import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { called, type ProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';

/** A kubelet names the pod's address, a load balancer what it likes. */
const probe = { host: '10.0.0.7', path: '/.dormouse/health', headers: { 'user-agent': 'kube-probe/1.33' } };

describeWith(['nginx'], 'the health location', () => {
  test('beats once a minute however often it is probed, and names the proxy', async () => {
    const world = await startProxyWorldForTest();
    for (let n = 0; n < 100; n++) expect(await world.visit(probe)).toMatchObject({ status: 200 });
    await world.visit({ host: 'after--g.gyazo.example' });
    await called(world.wake, 'heartbeat', 'after--g.gyazo.example');
    const beats = beatsOf(world);
    expect(beats).toHaveLength(1);
    expect(beats[0]?.line).toBe('GET /touch');
    expect(beats[0]?.headers.get('x-dormouse-proxy')).toBe(hostname());
    expect(beats[0]?.headers.get('authorization')).toMatch(/^Bearer /);
    expect(beats[0]?.headers.size).toBe(5);
  });

  test('goes on beating at its rate', async () => {
    const world = await startProxyWorldForTest({ speed: 300 });
    await until(
      () => {
        world.visit(probe).catch(() => undefined);
        return beatsOf(world).length >= 3;
      },
      () => `${beatsOf(world).length} beats`,
    );
    const [first, second, third] = beatsOf(world).map((call) => call.atMs);
    expect((third ?? 0) - (first ?? 0)).toBeGreaterThan(300);
    expect(second).toBeDefined();
  });

  test.each(['hang', { status: 500 }] as const)(
    'answers at once while the function does %o',
    async (mood) => {
      const world = await startProxyWorldForTest();
      world.wake.setMood(mood);
      const startedMs = performance.now();
      expect(await world.visit(probe)).toMatchObject({ status: 200 });
      expect(performance.now() - startedMs).toBeLessThan(1_000);
    },
  );
});

function beatsOf(world: ProxyWorld) {
  return world.wake.calls.filter((call) => call.headers.get('x-dormouse-host') === 'heartbeat');
}
