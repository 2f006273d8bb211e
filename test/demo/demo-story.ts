import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { StagingWorld } from '../world/staging-world.ts';
import { DEMO_NAMESPACE } from './demo-branches.ts';

/** The last line of `npm run demo -- --once`. Times in ms. */
export type StoryLine = {
  readonly story: 'passed' | 'failed';
  readonly wakeMs: number;
  readonly sleptAfterMs: number;
  readonly warmRequests: number;
  readonly warmFailures: number;
  readonly touches: number;
};

export type Story = { readonly world: StagingWorld; readonly tell: (line: string) => void };

const BRANCH = 'fast--g';
const WARM_MS = 3_000;
const POLL_MS = 50;
const PATIENCE_MS = 30_000;

/**
 * The story of one branch: it falls asleep, a visit wakes it, it serves, falls asleep again and wakes again.
 * @throws Error that says at which step it got stuck
 */
export async function tellStory({ world, tell }: Story): Promise<StoryLine> {
  tell(`nobody visits ${BRANCH}, so it falls asleep`);
  await untilReplicas(world, 0);
  tell('a visitor comes');
  const wakeMs = await visitUntilServed(world);
  tell(`it answers after ${wakeMs} ms, and goes on to`);
  const { warmRequests, warmFailures } = await keepVisiting(world);
  tell(`${warmRequests} requests, ${warmFailures} failed; then nobody comes any more`);
  const leftMs = Date.now();
  await untilReplicas(world, 0);
  const sleptAfterMs = Date.now() - leftMs;
  tell(`it fell asleep after ${sleptAfterMs} ms; the next visitor wakes it again`);
  await visitUntilServed(world);
  const touches = countTouches(world);
  const story = warmFailures === 0 ? 'passed' : 'failed';
  return { story, wakeMs, sleptAfterMs, warmRequests, warmFailures, touches };
}

async function untilReplicas({ api }: StagingWorld, wanted: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${DEMO_NAMESPACE}/deployments/${BRANCH}`;
  await until(`${BRANCH} has ${wanted} replicas`, async () => {
    const { spec } = await api.get<{ spec: { replicas: number } }>(path);
    return spec.replicas === wanted;
  });
}

/** A sleeping branch answers 503; the visitor comes again until it serves. */
async function visitUntilServed(world: StagingWorld): Promise<number> {
  const startedMs = Date.now();
  await until(`${BRANCH} answers`, async () => (await visit(world)) === 200);
  return Date.now() - startedMs;
}

async function keepVisiting(world: StagingWorld): Promise<{ warmRequests: number; warmFailures: number }> {
  const endsMs = Date.now() + WARM_MS;
  const statuses: number[] = [];
  while (Date.now() < endsMs) statuses.push(await visit(world));
  return { warmRequests: statuses.length, warmFailures: statuses.filter((status) => status !== 200).length };
}

async function visit({ proxy }: StagingWorld): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { Host: `${BRANCH}.localhost` };
  const request = http.get({ host: '127.0.0.1', port: proxy.port, path: '/', headers }, (response) => {
    response.resume().once('end', () => resolve(response.statusCode ?? 0));
  });
  request.once('error', reject);
  return promise;
}

function countTouches({ proxy }: StagingWorld): number {
  return proxy.accessLog().filter((line) => line.touch?.startsWith(BRANCH)).length;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadlineMs) throw new Error(`waited ${PATIENCE_MS / 1_000} s, in vain, until ${what}`);
    await delay(POLL_MS);
  }
}
