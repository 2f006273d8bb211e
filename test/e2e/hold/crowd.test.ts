import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import type { LinkedRequest } from '../../world/faulty-link/faulty-link.ts';
import { type FrontEnd, startFrontEnd } from '../../world/front-end.ts';
import { type FunctionProcess, startFunction } from '../../world/function-process.ts';
import { eventually, visit } from '../visits.ts';
import { type Branch, type HoldWorld, startHoldWorld } from './hold-world.ts';

const CLIENT = path.join(import.meta.dirname, 'crowd-client.ts');
const COUNT = 1_000;
const BYTES = 1_048_576;
/** A request that goes from one instance to another by way of nginx is on the disk twice. */
const FEWER_BYTES = 262_144;
const AWAKE = 'awake--g';
const VISIT_EVERY_MS = 50;
const SETTLED_MS = 1_000;
/** Both long enough for a gigabyte to arrive on a busy machine. */
const HOLD_LIMIT_SECONDS = 60;
const PATIENCE_MS = 45_000;

type Outcome = { readonly statuses: Readonly<Record<string, number>>; readonly echoed: number };

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'a crowd of 1,000 POSTs of 1 MiB', () => {
  let world: HoldWorld;
  let frontEnd: FrontEnd;

  beforeAll(async () => {
    frontEnd = await startFrontEnd();
    world = await startHoldWorld({ holdLimitSeconds: HOLD_LIMIT_SECONDS, wakeFunction: frontEnd.url });
    frontEnd.add(firstInstance().url);
    await world.createBranch(AWAKE, {}, { replicas: 1 });
    await eventually(
      () => visit(world.proxy.port, AWAKE),
      ({ status }) => status === 200,
    );
  });
  afterAll(async () => {
    await world?.stop();
    await frontEnd?.close();
  });

  const firstInstance = () => world.processOf('wake') as FunctionProcess;

  async function startSecondInstance(): Promise<void> {
    const second = await startFunction({ target: 'wake', env: world.functionEnv });
    const remove = frontEnd.add(second.url);
    onTestFinished(() => {
      remove();
      return second.stop();
    });
  }

  /** A branch whose pods find no node until they are let in. */
  async function createGatedBranch(name: string): Promise<Branch & { letIn: () => void }> {
    const branch = await world.createBranch(name, { failure: 'unschedulable' });
    return { ...branch, letIn: () => branch.setStart({ startMs: 200 }) };
  }

  /** Sends the crowd, and calls back once the function holds all of it. */
  async function crowd({ host }: Branch, bytes: number, onHeld: () => Promise<void>): Promise<Outcome> {
    const args = [CLIENT, world.proxy.port, host, COUNT, bytes].map(String);
    const client = promisify(execFile)(process.execPath, args);
    const held = eventually(
      () => frontEnd.open('/hold'),
      (open) => open === COUNT,
      PATIENCE_MS,
    ).then(onHeld);
    const [{ stdout }] = await Promise.all([client, held]);
    return JSON.parse(stdout);
  }

  function expectEachOnce({ statuses, echoed }: Outcome, { application }: Branch): void {
    expect([statuses, echoed]).toEqual([{ 200: COUNT }, COUNT]);
    const bodies = new Set(application.deliveries.map(({ sha256 }) => sha256));
    expect([application.deliveries.length, bodies.size]).toEqual([COUNT, COUNT]);
  }

  const callsFor = ({ name }: Branch, matches: (request: LinkedRequest) => boolean) =>
    world.apiProxy.requests.filter((request) => request.url.includes(name) && matches(request));
  const watches = (branch: Branch) => callsFor(branch, ({ url }) => url.includes('watch=true')).length;
  /** So many, and no more when everybody waits. */
  async function expectWatches(branch: Branch, count: number): Promise<void> {
    await eventually(
      () => watches(branch),
      (open) => open === count,
    );
    await delay(SETTLED_MS);
    expect(watches(branch)).toBe(count);
  }

  /** Scale calls that took effect: the mirrored visit may come at the same moment as the first hold. */
  const raises = (branch: Branch) =>
    callsFor(branch, ({ method, status }) => method === 'PATCH' && status === 200).length;

  test('is held whole by 1 watch and 1 scale call, while an awake branch is served', async () => {
    const branch = await createGatedBranch('crowd-1--g');
    const awake = visitUntilTold();
    const outcome = await crowd(branch, BYTES, async () => {
      await expectWatches(branch, 1);
      branch.letIn();
    });
    expectEachOnce(outcome, branch);
    const statuses = await awake.stop();
    expect(raises(branch)).toBe(1);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(20);
  });

  test.each([
    ['SIGKILL', BYTES],
    ['SIGTERM', FEWER_BYTES],
  ] as const)('is kept whole when one of two instances is ended by %s', async (signal, bytes) => {
    await startSecondInstance();
    const branch = await createGatedBranch(`crowd-${signal.toLowerCase()}--g`);
    const ending = firstInstance();
    const outcome = await crowd(branch, bytes, async () => {
      expect(frontEnd.open('/hold', ending.url)).toBeGreaterThan(COUNT / 3);
      await expectWatches(branch, 2);
      await world.stopFunction('wake', signal);
      await eventually(
        () => frontEnd.open('/hold'),
        (open) => open === COUNT,
      );
      branch.letIn();
    });
    expectEachOnce(outcome, branch);
    expect(raises(branch)).toBe(1);
    await world.startFunction('wake');
    frontEnd.add(firstInstance().url);
  });

  /** Visits the awake branch again and again. */
  function visitUntilTold() {
    const statuses: number[] = [];
    const told = new AbortController();
    const visiting = (async () => {
      while (!told.signal.aborted) {
        statuses.push((await visit(world.proxy.port, AWAKE)).status);
        await delay(VISIT_EVERY_MS);
      }
    })();
    const stop = async () => {
      told.abort();
      await visiting;
      return statuses;
    };
    onTestFinished(async () => void (await stop()));
    return { stop };
  }
});
