import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createHolding } from '../../functions/holding.ts';
import { parseConfig } from '../../shared/config.ts';
import { createKnownBranches } from '../../shared/flows/known-branches.ts';
import { createTouch } from '../../shared/flows/touch.ts';
import { aRecord, aWorkload, BRANCH, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore, readNothing } from '../fixtures/memory-ports.ts';
import { recordingLog, serve } from './serve.ts';

/** Nobody waits for longer than the test. */
const asVisitor = () => ({
  headers: { 'X-Dormouse-Host': `${BRANCH}.example.com` },
  signal: AbortSignal.timeout(5_000),
});
const CONFIG = parseConfig({
  DORMOUSE_CLUSTER: 'staging',
  DORMOUSE_NAMESPACE: 'branches',
  DORMOUSE_KUBECONFIG: 'kubeconfig',
  DORMOUSE_SQLITE_FILE: 'dormouse.sqlite',
});

/** A branch that wakes and never becomes reachable. `follows` counts the watches that are open. */
function createWorld() {
  const { now } = Date;
  const store = createMemoryStore(now, { [BRANCH]: aRecord() });
  const follows = { open: 0 };
  const cluster = {
    ...createMemoryCluster(aWorkload({ replicas: 0 })),
    viewBranch: async () => ({ service: 'with-endpoints' as const, servingEndpoints: 0, workloads: [] }),
    watchEndpoints: async (_branch: string, _onServing: unknown, signal: AbortSignal) => {
      follows.open += 1;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      follows.open -= 1;
    },
  };
  const known = createKnownBranches({ cluster, timing: TIMING, now });
  const touch = createTouch({ readSurroundings: readNothing, store, cluster, known, timing: TIMING, now });
  const holding = createHolding(CONFIG, {
    touch,
    readSurroundings: readNothing,
    known,
    cluster,
    store,
    now,
    log: recordingLog().log,
  });
  return { holding, follows };
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await delay(5);
};

test('an instance that ends sends the requests that it holds back to nginx', async () => {
  const { holding, follows } = createWorld();
  const url = await serve('holding', (request, response) => holding.hold(request, response, Date.now()));
  const held = fetch(url, asVisitor());
  await until(() => follows.open === 1);
  holding.releaseAll();
  expect((await held).headers.get('x-accel-redirect')).toBe('@again');
});

test('an instance that ends closes the streams of its waiting pages', async () => {
  const { holding, follows } = createWorld();
  const stream = await fetch(await serve('progress', holding.progress), asVisitor());
  await until(() => follows.open === 1);
  holding.releaseAll();
  expect(await stream.text()).toContain('event: progress');
  await until(() => follows.open === 0);
});
