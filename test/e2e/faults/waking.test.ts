import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { LinkEffect } from '../../world/faulty-link/link-fault.ts';
import { type FrontEnd, startFrontEnd } from '../../world/front-end.ts';
import { type FunctionProcess, startFunction } from '../../world/function-process.ts';
import type { PodBehaviour } from '../../world/kubelet/behaviour.ts';
import type { Branch } from '../hold/hold-world.ts';
import { eventually } from '../visits.ts';
import {
  about,
  expectEachOnce,
  expectHarmless,
  type FaultsWorld,
  postOrders,
  SLEEPLESS,
  scalesOf,
  startFaultsWorld,
  watchesOf,
} from './faults-world.ts';

const HOLD_LIMIT_SECONDS = 60; // for a busy machine
const START: PodBehaviour = { startMs: 300 };

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'a branch that is woken', () => {
  let world: FaultsWorld;
  let frontEnd: FrontEnd;

  beforeAll(async () => {
    frontEnd = await startFrontEnd();
    world = await startFaultsWorld({ holdLimitSeconds: HOLD_LIMIT_SECONDS, wakeFunction: frontEnd.url });
    frontEnd.add(firstInstance().url);
  });
  afterAll(async () => {
    await world?.warm.stop();
    await world?.stop();
    await frontEnd?.close();
  });

  const firstInstance = () => world.processOf('wake') as FunctionProcess;
  const createAsleep = (name: string, start = START) =>
    world.createBranch(name, start, { annotations: SLEEPLESS });
  const post = (branch: Branch, count = 5) => postOrders(world.proxy.port, branch, count);
  const seen = (matches: ReturnType<typeof about>) => world.kubernetes.requests.filter(matches);
  const raisesOf = (branch: Branch) => seen(scalesOf(branch)).filter(({ status }) => status === 200).length;

  async function expectWoken(branch: Branch, answers: Awaited<ReturnType<typeof post>>): Promise<void> {
    expectEachOnce(branch, answers);
    expect([await branch.replicas(), raisesOf(branch)]).toEqual([1, 1]);
  }

  /** The fault stays: what it spoils is not needed, or comes in the end. The longest first. */
  test.concurrent.each([
    ['its scale call is done and never answered', 'silent-scale--g', scalesOf, { silent: 'after' }],
    ['every call takes 1.5 s', 'slow--g', about, { delayMs: 1_500 }],
    ['every answer of its scale call is lost', 'lost-scale--g', scalesOf, { cut: 'after' }],
    ['its watch is silent', 'silent-watch--g', watchesOf, { silent: 'stream' }],
    ['its watch is refused', 'refused-watch--g', watchesOf, { status: 503 }],
    ['every answer comes at 4 KiB/s', 'narrow--g', about, { bytesPerSecond: 4_096 }],
  ] as const)('serves who is held while %s', async (_, name, calls, effect: LinkEffect) => {
    const branch = await createAsleep(name);
    const fault = world.kubernetes.add({ matches: calls(branch), effect });
    await expectWoken(branch, await post(branch));
    expect(fault.met()).toBeGreaterThan(0);
    fault.remove();
  });

  /** All calls about the branch go wrong until the fault ends. */
  test.concurrent.each([
    ['refused with 500', 'error--g', { status: 500 }],
    ['refused with 503', 'unavailable--g', { status: 503 }],
    ['reset', 'reset--g', { cut: 'before' }],
    ['done, and their answers lost', 'deaf--g', { cut: 'after' }],
    ['without any answer', 'silent--g', { silent: 'before' }],
  ] as const)('wakes by itself after its calls were %s for 4 s', async (_, name, effect: LinkEffect) => {
    const branch = await createAsleep(name);
    const fault = world.kubernetes.add({ matches: about(branch), effect });
    const answers = post(branch);
    await eventually(fault.met, (met) => met > 0);
    await delay(4_000);
    fault.remove();
    await expectWoken(branch, await answers);
  });

  test.concurrent('delivers a crowd of 50 POSTs once after 5 s of 429 with Retry-After', async () => {
    const branch = await createAsleep('too-many--g');
    const fault = world.kubernetes.add({
      matches: about(branch),
      effect: { status: 429, retryAfterSeconds: 5 },
    });
    const answers = post(branch, 50);
    await eventually(fault.met, (met) => met > 0);
    await delay(5_000);
    fault.remove();
    await expectWoken(branch, await answers);
  });

  test.concurrent('serves who is held while its watch is cut every 300 ms, and opens it once a second', async () => {
    const branch = await createAsleep('cut-watch--g', { startMs: 4_000 });
    const fault = world.kubernetes.add({ matches: watchesOf(branch), effect: { cutAfterMs: 300 } });
    const startedMs = performance.now();
    await expectWoken(branch, await post(branch));
    const seconds = (performance.now() - startedMs) / 1_000;
    expect(fault.met()).toBeGreaterThan(2);
    expect(fault.met()).toBeLessThan(seconds + 2);
    fault.remove();
  });

  /** Of a branch whose pods find no node until they are let in: all that were posted, once they are held. */
  async function hold(name: string) {
    const branch = await createAsleep(name, { failure: 'unschedulable' });
    const answers = post(branch, 20);
    await eventually(
      () => [raisesOf(branch), frontEnd.open('/hold')],
      ([raises, open]) => raises === 1 && open === 20,
    );
    return { branch, answers, letIn: () => branch.setStart(START) };
  }

  test('is served to who waits when the API server is restarted meanwhile', async () => {
    const { branch, answers, letIn } = await hold('restarted--g');
    await world.controlPlane.restartApiServer();
    letIn();
    await expectWoken(branch, await answers);
  });

  test('is served to who waits when nginx is reloaded meanwhile', async () => {
    const { branch, answers, letIn } = await hold('reloaded--g');
    world.proxy.reload();
    letIn();
    await expectWoken(branch, await answers);
  });

  test('is served to who is tried again and again when nginx is reloaded meanwhile', async () => {
    const start = { startMs: 200, listensAfterMs: 6_000 };
    const workload = { annotations: SLEEPLESS, hasReadinessProbe: false };
    const branch = await world.createBranch('tried--g', start, workload);
    const answers = post(branch);
    await delay(3_000);
    world.proxy.reload();
    await expectWoken(branch, await answers);
    const lines = world.proxy.accessLog().filter((line) => line.branch === branch.name);
    expect(lines.some(({ held }) => held === 'again')).toBe(true);
  });

  async function startSecondInstance(): Promise<void> {
    const second = await startFunction({ target: 'wake', env: world.functionEnv });
    const remove = frontEnd.add(second.url);
    onTestFinished(async () => {
      await world.startFunction('wake');
      frontEnd.add(firstInstance().url);
      remove();
      await second.stop();
    });
  }

  test.each([
    ['before its scale call took effect', 'SIGKILL', 'before'],
    ['after its scale call took effect', 'SIGKILL', 'after'],
    ['before its scale call took effect', 'SIGTERM', 'before'],
  ] as const)('is served to who waits when its instance is ended %s, by %s', async (_, signal, silent) => {
    const branch = await createAsleep(`${signal.toLowerCase()}-${silent}--g`);
    const fault = world.kubernetes.add({ matches: scalesOf(branch), times: 1, effect: { silent } });
    const answers = post(branch);
    await eventually(
      () => [fault.met(), seen(scalesOf(branch)).some(({ status }) => status === 200)],
      ([met, isDone]) => met === 1 && (silent === 'before' || isDone === true),
    );
    await eventually(
      () => frontEnd.open('/hold'),
      (open) => open === 5,
    );
    await startSecondInstance();
    await world.stopFunction('wake', signal);
    await expectWoken(branch, await answers);
  });

  test('costs no visitor of another branch anything, and nothing was changed but replicas', () =>
    expectHarmless(world));
});
