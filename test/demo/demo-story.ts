import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { text } from 'node:stream/consumers';
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
  /** A POST to the sleeping branch: its answer came from the application, body and all. */
  readonly heldPost: 'kept' | 'lost';
  /** How often the application got it beyond once. */
  readonly sentTwice: number;
};

export type Story = { readonly world: StagingWorld; readonly tell: (line: string) => void };

const BRANCH = 'fast--g';
const WARM_MS = 3_000;
const POST_BYTES = 64 * 1_024;
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
  tell(`it fell asleep after ${sleptAfterMs} ms; a POST is held while it wakes again`);
  const { heldPost, sentTwice } = await postToSleeping(world);
  tell(`the POST was ${heldPost}`);
  const touches = countTouches(world);
  const isWell = warmFailures === 0 && heldPost === 'kept' && sentTwice === 0;
  const story = isWell ? 'passed' : 'failed';
  return { story, wakeMs, sleptAfterMs, warmRequests, warmFailures, touches, heldPost, sentTwice };
}

async function untilReplicas({ api }: StagingWorld, wanted: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${DEMO_NAMESPACE}/deployments/${BRANCH}`;
  await until(`${BRANCH} has ${wanted} replicas`, async () => {
    const { spec } = await api.get<{ spec: { replicas: number } }>(path);
    return spec.replicas === wanted;
  });
}

/** A branch that takes longer than a request is held answers 503: the visitor comes again until it serves. */
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

async function visit(world: StagingWorld): Promise<number> {
  return (await send(world, 'GET')).status;
}

/** The application says what it received, and the kubelet counts how often. */
async function postToSleeping(world: StagingWorld): Promise<Pick<StoryLine, 'heldPost' | 'sentTwice'>> {
  const body = randomBytes(POST_BYTES);
  const before = world.kubelet.requests(BRANCH);
  const { status, text } = await send(world, 'POST', body);
  const isWhole = status === 200 && text.includes(createHash('sha256').update(body).digest('hex'));
  const sentTwice = world.kubelet.requests(BRANCH) - before - (isWhole ? 1 : 0);
  return { heldPost: isWhole ? 'kept' : 'lost', sentTwice };
}

async function send({ proxy }: StagingWorld, method: string, body?: Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const to = {
    host: '127.0.0.1',
    port: proxy.port,
    path: '/',
    method,
    headers: { Host: `${BRANCH}.localhost` },
  };
  const request = http.request(to, (response) => {
    text(response).then((answer) => resolve({ status: response.statusCode ?? 0, text: answer }), reject);
  });
  request.once('error', reject).end(body);
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
