import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';
import { sendMany } from './send-many.ts';

const REQUESTS = 10_000;
const OVER_MS = 14_500;
const BRANCHES = 100;

describeWith(['nginx'], '10,000 requests in 15 s', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
    const load = { port: world.proxy.port, requests: REQUESTS, overMs: OVER_MS };
    const one = sendMany({ ...load, host: () => 'one--g.gyazo.example' });
    const many = sendMany({ ...load, host: (n) => `many-${n % BRANCHES}--g.gyazo.example` });
    expect(await Promise.all([one, many])).toMatchObject([{ ok: REQUESTS }, { ok: REQUESTS }]);
  });
  afterAll(() => world.close());

  test('to one branch cause at most 2 touches', () => {
    const touches = touchesOf(world, 'one--g');
    expect(touches).toBeGreaterThanOrEqual(1);
    expect(touches).toBeLessThanOrEqual(2);
  });

  test('to 100 branches cause at most 200 touches, and touch each branch', () => {
    const touches = touchesOf(world, 'many-');
    expect(new Set(world.wake.hosts().filter((host) => host.startsWith('many-'))).size).toBe(BRANCHES);
    expect(touches).toBeLessThanOrEqual(2 * BRANCHES);
  });
});

function touchesOf(world: ProxyWorld, prefix: string): number {
  return world.wake.hosts().filter((host) => host.startsWith(prefix)).length;
}
