import { expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorldForTest } from './proxy-world.ts';
import { sendMany } from './send-many.ts';
import type { WakeMood } from './wake-stand-in.ts';

const REQUESTS = 10_000;
const BRANCHES = 50;
/** A request that waited for the function would take 10 s, or for ever; the rest is for a busy machine. */
const STALL_MS = 2_000;

const MOODS: Record<string, WakeMood> = {
  hanging: 'hang',
  'answering 500': { status: 500 },
  'slow (10 s)': { delayMs: 10_000 },
};

describeWith(['nginx'], 'the mirror neither delays nor fails a request', () => {
  test.each(Object.entries(MOODS))('while the function is %s', async (_, mood) => {
    const world = await startProxyWorldForTest();
    world.wake.setMood(mood);
    await expectServed(world);
    expect(world.wake.calls.length).toBeGreaterThanOrEqual(BRANCHES);
  });

  test('while the function is stopped', async () => {
    const world = await startProxyWorldForTest();
    await world.wake.close();
    await expectServed(world);
    const touches = world.proxy.accessLog().filter((line) => line.touch !== undefined);
    expect(new Set(touches.map((line) => line.upstreamStatus))).toEqual(new Set(['502']));
  });
});

async function expectServed(world: ProxyWorld): Promise<void> {
  const host = (n: number) => `branch-${n % BRANCHES}--g.gyazo.example`;
  const result = await sendMany({ port: world.proxy.port, requests: REQUESTS, host });
  expect(result).toMatchObject({ ok: REQUESTS, failed: 0 });
  expect(result.longestMs).toBeLessThan(STALL_MS);
}
