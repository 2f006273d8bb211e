import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Response } from '@google-cloud/functions-framework';
import { expect, test, vi } from 'vitest';
import { createProgressRoute, type ProgressDependencies } from '../../functions/progress.ts';
import type { WakeSight } from '../../shared/flows/follow-branch.ts';
import { ClusterError } from '../../shared/ports.ts';
import { BRANCH } from '../fixtures/branches.ts';
import { HOST } from '../fixtures/pages.ts';
import { recordingLog, serve } from './serve.ts';

const atStep = (step: 'pod' | 'image', detail?: string): WakeSight => ({
  state: detail === undefined ? { state: 'waiting', step } : { state: 'waiting', step, detail },
});
const READY: WakeSight = { state: { state: 'reachable' } };
const CRASHING: WakeSight = {
  state: { state: 'hopeless', reason: 'crash-loop', detail: 'exit code 1', look: 'kubectl logs' },
};

/** The clock of a stream: each `tick` lets one pause end. */
function createTicks() {
  const waiting = new Set<() => void>();
  const paused: number[] = [];
  const pause = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      paused.push(ms);
      waiting.add(resolve);
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) resolve();
    });
  const tick = async () => {
    await vi.waitFor(() => expect(waiting.size).toBeGreaterThan(0));
    const [next] = waiting;
    waiting.clear();
    next?.();
  };
  return { pause, tick, paused };
}

async function progressServer(changes: Partial<ProgressDependencies> & { first?: WakeSight } = {}) {
  const { log, entries } = recordingLog();
  const listeners = new Set<(sight: WakeSight) => void>();
  const followed: string[] = [];
  const ticks = createTicks();
  const responses: Response[] = [];
  const { route, endAll } = createProgressRoute({
    follow: (branch, listener) => {
      followed.push(branch);
      listeners.add(listener);
      if (changes.first !== undefined) listener(changes.first);
      return () => void listeners.delete(listener);
    },
    ask: async () => 'known',
    pause: ticks.pause,
    log,
    ...changes,
  });
  const url = await serve('progress', (request, response) => {
    responses.push(response);
    return route(request, response);
  });
  const tell = (sight: WakeSight) => {
    for (const listener of [...listeners]) listener(sight);
  };
  const open = (host = HOST) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { headers: { 'X-Dormouse-Host': host }, agent: false }, resolve).on('error', reject);
    });
  const isFollowed = async (count = 1) => vi.waitFor(() => expect(listeners.size).toBe(count));
  return { open, tell, isFollowed, endAll, followed, responses, entries, ...ticks };
}

const event = (name: string, state: object) => `event: ${name}\ndata: ${JSON.stringify(state)}\n\n`;

test('progress opens a stream that nobody keeps, buffers or touches the branch for', async () => {
  const { open, isFollowed, followed, endAll } = await progressServer();
  const answer = await open();
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  await isFollowed();
  endAll();
  expect(await text(answer)).toBe('retry: 1000\n\n');
  expect(followed).toEqual([BRANCH]);
});

test('progress tells each change once, then that the branch is ready, and ends', async () => {
  const { open, tell, isFollowed } = await progressServer({ first: atStep('pod') });
  const answer = await open();
  await isFollowed();
  for (const sight of [atStep('pod'), atStep('image'), atStep('image'), READY, READY]) tell(sight);
  expect(await text(answer)).toBe(
    'retry: 1000\n\n' +
      event('progress', { state: 'waiting', step: 'pod' }) +
      event('progress', { state: 'waiting', step: 'image' }) +
      event('ready', { state: 'reachable' }),
  );
  await isFollowed(0);
});

test.each([
  ['ready', READY],
  ['failed', CRASHING],
])('progress says %s at once when that is known already, and follows no longer', async (name, first) => {
  const { open, isFollowed } = await progressServer({ first });
  expect(await text(await open())).toBe(`retry: 1000\n\n${event(name, first.state)}`);
  await isFollowed(0);
});

test('progress keeps a text of many lines in one line', async () => {
  const { open, tell, isFollowed, endAll } = await progressServer();
  const answer = await open();
  await isFollowed();
  const detail = 'a\nevent: ready\ndata: {}\n\r\n\u2028</script>';
  tell(atStep('image', detail));
  endAll();
  const lines = (await text(answer)).split('\n');
  const [data = '', ...others] = lines.filter((line) => line.startsWith('data: '));
  expect(others).toEqual([]);
  expect(JSON.parse(data.slice(6))).toEqual({ state: 'waiting', step: 'image', detail });
});

test('progress comments every 5 s and ends after 20 s', async () => {
  const { open, tick, paused, isFollowed } = await progressServer();
  const answer = await open();
  for (let ticks = 0; ticks < 4; ticks += 1) await tick();
  expect(await text(answer)).toBe(`retry: 1000\n\n${':\n\n'.repeat(4)}`);
  expect(paused).toEqual([5_000, 5_000, 5_000, 5_000]);
  await isFollowed(0);
});

test('progress follows no longer when the client has gone', async () => {
  const { open, isFollowed } = await progressServer();
  const answer = await open();
  await isFollowed();
  answer.destroy();
  await isFollowed(0);
});

test('progress keeps no more than the newest state for a client that does not read', async () => {
  const { open, tell, isFollowed, responses } = await progressServer();
  const answer = await open();
  await isFollowed();
  const [response] = responses;
  for (let index = 0; index < 20_000; index += 1) tell(atStep('image', `${index} ${'x'.repeat(400)}`));
  expect(response?.writableNeedDrain).toBe(true);
  expect(response?.writableLength).toBeLessThan(128 * 1024);
  let read = '';
  answer.setEncoding('utf8').on('data', (chunk) => {
    read += chunk;
  });
  await vi.waitFor(() => expect(read).toContain('"19999 '));
  answer.destroy();
});

test('progress lets go at the end of a client that did not read', async () => {
  const { open, tell, isFollowed, endAll, responses } = await progressServer();
  const answer = await open();
  await isFollowed();
  for (let index = 0; index < 20_000; index += 1) tell(atStep('image', `${index} ${'x'.repeat(400)}`));
  endAll();
  expect(responses[0]?.destroyed).toBe(true);
  await once(answer.resume(), 'error');
});

test('progress ends every open stream when the instance ends', async () => {
  const { open, isFollowed, endAll } = await progressServer();
  const answers = await Promise.all([open(), open('other--g.staging.example')]);
  await isFollowed(2);
  endAll();
  expect(await Promise.all(answers.map((answer) => text(answer)))).toEqual([
    'retry: 1000\n\n',
    'retry: 1000\n\n',
  ]);
  await isFollowed(0);
});

test.each([
  ['', 400],
  ['example.com', 400],
  ['heartbeat', 400],
])('progress refuses the host %j with %i and follows nothing', async (host, status) => {
  const { open, followed } = await progressServer();
  const answer = await open(host);
  expect(answer.statusCode).toBe(status);
  expect(followed).toEqual([]);
});

test('progress answers 404 for a branch that does not exist and follows nothing', async () => {
  const { open, followed } = await progressServer({ ask: async () => 'unknown' });
  const answer = await open();
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([
    404,
    'application/problem+json; charset=utf-8',
  ]);
  expect(followed).toEqual([]);
});

test('progress answers 503 and logs why when nobody can say whether there is such a branch', async () => {
  const ask = () => Promise.reject(new ClusterError('unreachable'));
  const { open, followed, entries } = await progressServer({ ask });
  expect((await open()).statusCode).toBe(503);
  expect(followed).toEqual([]);
  expect(entries).toEqual([
    expect.objectContaining({ severity: 'ERROR', event: 'progress', branch: BRANCH, problem: 'unreachable' }),
  ]);
});

test('progress answers 429 and logs nothing when too many ask for what nobody knows', async () => {
  const { open, followed, entries } = await progressServer({ ask: async () => 'busy' });
  expect((await open()).statusCode).toBe(429);
  expect([followed, entries]).toEqual([[], []]);
});

test('progress follows nothing for a client that left before the branch was known', async () => {
  const known = Promise.withResolvers<'known'>();
  const { open, followed, responses } = await progressServer({ ask: () => known.promise });
  const opening = open();
  await vi.waitFor(() => expect(responses).toHaveLength(1));
  responses[0]?.req.socket.destroy();
  await expect(opening).rejects.toThrow();
  await vi.waitFor(() => expect(responses[0]?.destroyed).toBe(true));
  known.resolve('known');
  await new Promise((resolve) => setImmediate(resolve));
  expect(followed).toEqual([]);
});
