import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { startProxyWorldForTest } from '../proxy/proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from '../proxy/sleeping-branch.ts';
import { eventually } from '../visits.ts';
import { KNOWN_BRANCH } from './corpus.ts';
import { type HostileWorld, startHostileWorld } from './hostile-world.ts';
import { type SlowClients, type SlowClientsOptions, startSlowClients } from './slow-clients.ts';

const WAITING_BRANCH = 'waiting--g';
const MANY = 200;
const MAX_GROWTH_MIB = 32;
/** A stream lasts 20 s. */
const STREAM_MS = 20_000;
const SERVED_WITHIN_MS = 5_000;
/** What nginx gives a visitor for his headers. */
const HEADER_TIMEOUT_MS = 10_000;
const MARGIN_MS = 5_000;

async function slowClients(options: SlowClientsOptions): Promise<SlowClients> {
  const clients = await startSlowClients(options);
  onTestFinished(clients.close);
  return clients;
}

describe('the wake function', () => {
  async function startWorld(): Promise<HostileWorld> {
    const world = await startHostileWorld({ waitingBranches: [WAITING_BRANCH] });
    onTestFinished(world.close);
    return world;
  }

  async function expectServed({ wake }: HostileWorld): Promise<void> {
    for (const [path, status] of [
      ['/touch', 204],
      ['/hold', 200],
    ] as const) {
      const headers = { 'X-Dormouse-Host': `${KNOWN_BRANCH}.example.com` };
      const answer = await fetch(wake.url + path, { headers, signal: AbortSignal.timeout(SERVED_WITHIN_MS) });
      expect(answer.status).toBe(status);
    }
  }

  const head = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: %\r\nX-Dormouse-Host: ${WAITING_BRANCH}.example.com\r\n`;

  test(`ends the streams of ${MANY} clients that never read, and serves others meanwhile`, async () => {
    const world = await startWorld();
    await expectServed(world);
    const rssMib = await world.wake.rssMib();
    const clients = await slowClients({
      port: world.wake.port,
      count: MANY,
      begin: `${head('/progress')}Connection: close\r\n\r\n`,
      isDeaf: true,
    });
    await expectServed(world);
    expect((await world.wake.rssMib()) - rssMib).toBeLessThan(MAX_GROWTH_MIB);
    await delay(STREAM_MS + MARGIN_MS);
    clients.read();
    await eventually(clients.open, (open) => open === 0, MARGIN_MS);
    expect(clients.heard()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*event: progress[\s\S]*0\r\n\r\n$/);
    expect(world.wake.isAlive()).toBe(true);
  });

  test(`serves others while ${MANY} hold what they never read, and ${MANY} never finish their headers`, async () => {
    const world = await startWorld();
    await expectServed(world);
    const rssMib = await world.wake.rssMib();
    const { port } = world.wake;
    await slowClients({ port, count: MANY, begin: `${head('/hold')}\r\n`, isDeaf: true });
    const trickling = await slowClients({ port, count: MANY, begin: head('/hold') });
    for (let n = 0; n < 3; n += 1) {
      trickling.write(`X-Slow-${n}: ${'a'.repeat(1_000)}\r\n`);
      await expectServed(world);
    }
    expect((await world.wake.rssMib()) - rssMib).toBeLessThan(MAX_GROWTH_MIB);
    expect(world.strangerCalls().others).toEqual([]);
  });
});

describeWith(['nginx'], 'nginx', () => {
  test(`closes on ${MANY} visitors who never finish their headers, and wakes a branch meanwhile`, async () => {
    const world = await startProxyWorldForTest();
    const [attacked, other] = [createSleepingBranch(world), createSleepingBranch(world)];
    const startMs = performance.now();
    const { port } = world.proxy;
    const clients = await slowClients({
      port,
      count: MANY,
      begin: `GET / HTTP/1.1\r\nHost: ${attacked.host}\r\n`,
    });
    const trickle = setInterval(() => clients.write('X-Slow: a\r\n'), 500);
    onTestFinished(() => clearInterval(trickle));
    wakeOnHold(world, other);
    expect(await world.visit({ host: other.host, method: 'POST', body: 'order' })).toMatchObject({
      status: 200,
    });
    expect(world.wake.callsOf('/hold', attacked.host)).toEqual([]);
    await eventually(clients.open, (open) => open === 0, HEADER_TIMEOUT_MS + MARGIN_MS);
    expect(performance.now() - startMs).toBeGreaterThan(HEADER_TIMEOUT_MS / 2);
  });

  test(`holds nothing for ${MANY} visitors who never finish their bodies, and wakes the branch for another`, async () => {
    const world = await startProxyWorldForTest({ variables: { held_per_branch: 5, held_in_all: 5 } });
    const branch = createSleepingBranch(world);
    const begin = `POST / HTTP/1.1\r\nHost: ${branch.host}\r\nContent-Length: 1000000\r\n\r\n`;
    const clients = await slowClients({ port: world.proxy.port, count: MANY, begin });
    clients.write('some of it');
    wakeOnHold(world, branch);
    const answer = await world.visit({ host: branch.host, method: 'POST', body: 'whole' });
    expect(answer).toMatchObject({ status: 200 });
    expect(branch.deliveries).toHaveLength(1);
    expect(world.wake.callsOf('/hold')).toHaveLength(1);
    expect(clients.open()).toBe(MANY);
  });

  test('keeps the answers of the page for visitors who never read, and serves others', async () => {
    const world = await startProxyWorldForTest({ variables: { held_per_branch: MANY } });
    const branch = createSleepingBranch(world);
    const page = { status: 503, headers: { 'Retry-After': '5' }, body: 'p'.repeat(200_000) };
    world.wake.answerWith('/page', () => page);
    const begin = `GET / HTTP/1.1\r\nHost: ${branch.host}\r\n\r\n`;
    await slowClients({ port: world.proxy.port, count: MANY, begin, isDeaf: true });
    await eventually(
      () => world.wake.callsOf('/page').length,
      (calls) => calls === MANY,
    );
    expect(await world.visit({ host: 'awake--g.gyazo.example' })).toMatchObject({ status: 200 });
    expect(await world.visit({ host: createSleepingBranch(world).host })).toMatchObject({ status: 503 });
  });
});
