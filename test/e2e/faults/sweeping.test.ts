import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { LinkedCall } from '../../world/faulty-link/link-fault.ts';
import type { Branch } from '../hold/hold-world.ts';
import { send } from '../hold/send.ts';
import { eventually, visit } from '../visits.ts';
import {
  about,
  expectHarmless,
  expectServed,
  type FaultsWorld,
  isWell,
  PATIENCE_MS,
  replicasOf,
  scalesOf,
  startFaultsWorld,
} from './faults-world.ts';

/** Makes the list longer than 20 KiB/s can bring in the 10 s that a call has. */
const BALLAST = 'x'.repeat(250_000);
const TOO_SLOW = 20 * 1_024;
const SLOW = 100 * 1_024;
const HTML = { Accept: 'text/html' };
const CAUSES = ['busy', 'lost', 'refused', 'reset', 'silent', 'late', 'visited', 'person'];

const isList = ({ url }: LinkedCall) => url.includes('deployments?limit=');

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'a sweep', () => {
  let world: FaultsWorld;
  const used: Branch[] = [];

  beforeAll(async () => {
    world = await startFaultsWorld();
    const annotations = { 'dormouse/enabled': 'false', 'example.com/ballast': BALLAST };
    await world.createBranch('heavy--g', {}, { annotations });
  });
  afterAll(async () => {
    await world?.warm.stop();
    await world?.stop();
  });

  const pick = (branches: readonly Branch[], name: string) =>
    branches.find((each) => each.name === `${name}--g`) as Branch;

  /** Each answers, and has all its replicas after the next sweep. */
  async function expectAllServed(branches: readonly Branch[]): Promise<void> {
    await expectServed(world, branches);
    await world.sweepUntil(isWell);
    used.push(...branches);
    expect(await replicasOf(branches)).toEqual(branches.map(() => 2));
  }

  test('that is killed between claim, scaling and answer leaves nothing asleep that is visited', async () => {
    const branches = await world.createAwake(['unsent--g', 'unheard--g', 'done-1--g', 'done-2--g']);
    await world.untilIdle(branches);
    const [unsent, unheard] = branches as [Branch, Branch];
    const first = world.kubernetes.add({ matches: scalesOf(unsent), effect: { silent: 'before' } });
    const second = world.kubernetes.add({ matches: scalesOf(unheard), effect: { silent: 'after' } });
    const killed = new AbortController();
    const sweeping = world.sweepUntil(() => killed.signal.aborted).catch(() => 'killed');
    await eventually(
      async () => [first.met() > 0, await replicasOf(branches)],
      (state) => JSON.stringify(state) === '[true,[2,0,0,0]]',
    );
    killed.abort();
    await world.stopFunction('sleep', 'SIGKILL');
    await sweeping;
    first.remove();
    second.remove();
    await world.startFunction('sleep');
    await expectAllServed(branches);
  });

  test('whose list comes too slowly changes nothing, and whose scale calls fail wakes what it doubts', async () => {
    const branches = await world.createAwake(CAUSES.map((cause) => `${cause}--g`));
    const spoil = world.kubernetes.add;
    const tooSlow = spoil({ matches: isList, effect: { bytesPerSecond: TOO_SLOW } });
    const { status, summary } = await world.sweep();
    expect([status, JSON.stringify(summary)]).toEqual([500, expect.stringContaining('could not begin')]);
    expect(await replicasOf(branches)).toEqual(branches.map(() => 2));
    tooSlow.remove();
    await world.untilIdle(branches);

    const scales = (name: string) => scalesOf(pick(branches, name));
    spoil({ matches: scales('busy'), times: 2, effect: { status: 429, retryAfterSeconds: 1 } });
    spoil({ matches: scales('lost'), effect: { cut: 'after' } });
    spoil({ matches: scales('refused'), effect: { status: 503 } });
    spoil({ matches: scales('reset'), effect: { cut: 'before' } });
    spoil({ matches: scales('silent'), times: 1, effect: { silent: 'after' } });
    spoil({ matches: scales('late'), times: 1, effect: { delayMs: 11_000 } });
    const lowering = spoil({ matches: scales('visited'), times: 1, effect: { delayMs: 2_000 } });
    const swept = world.sweepUntil(({ slept }) => slept >= 2);
    await eventually(lowering.met, (met) => met > 0, PATIENCE_MS);
    expect((await visit(world.proxy.port, 'visited--g')).status).toBe(200);
    await swept;
    const doubted = ['lost', 'refused', 'reset', 'silent', 'visited'].map((name) => pick(branches, name));
    await eventually(
      () => replicasOf(doubted),
      (counts) => counts.every((count) => count === 2),
    );
    expect(await replicasOf([pick(branches, 'busy'), pick(branches, 'person')])).toEqual([0, 0]);
    const hasArrived = () => world.kubernetes.requests.find(scales('late'))?.status !== undefined;
    await eventually(hasArrived, Boolean);
    world.kubernetes.clear();
    await expectAllServed(branches.filter(({ name }) => name !== 'person--g' && name !== 'visited--g'));
  });

  test('wakes for a person to whom a page was shown while Kubernetes could not be asked', async () => {
    const { name, host } = { name: 'person--g', host: 'person--g.example.com' };
    const podsLeft = () => world.kubelet.pods().filter((pod) => pod.branch === name).length;
    await eventually(podsLeft, (count) => count === 0);
    const fault = world.kubernetes.add({ matches: about({ name }), effect: { status: 503 } });
    const page = await send(world.proxy.port, host, { headers: HTML });
    expect([page.status, page.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8']);
    await delay(1_000); // nobody asks for it any more
    expect(podsLeft()).toBe(0);
    fault.remove();
    await world.sweepUntil(({ healed }) => healed > 0);
    expect((await visit(world.proxy.port, name)).status).toBe(200);
  });

  test('during which the API server is restarted puts nothing to sleep that is visited', async () => {
    const asleep = used.filter(({ name }) => name.startsWith('done-'));
    await world.sweepUntil(async () => (await replicasOf(asleep)).every((count) => count === 0));
    world.kubernetes.add({ matches: isList, effect: { bytesPerSecond: SLOW } });
    const sweeping = world.sweep();
    const restarting = world.controlPlane.restartApiServer();
    await expectServed(world, asleep);
    await restarting;
    expect([200, 500]).toContain((await sweeping).status);
    world.kubernetes.clear();
    await world.sweepUntil(isWell);
    expect(await replicasOf(asleep)).toEqual([2, 2]);
  });

  test('sleeps all that is idle once the faults are over', async () => {
    const others = used.filter(({ name }) => !name.startsWith('done-'));
    await world.sweepUntil(async () => (await replicasOf(others)).every((count) => count === 0));
  });

  test('costs no visitor of another branch anything, and nothing was changed but replicas', () =>
    expectHarmless(world));
});
