import { expect, test } from 'vitest';
import { createSleepFunction } from '../../functions/sleep.ts';
import type { SweepSummary } from '../../shared/core/summarize-sweep.ts';
import { StoreError } from '../../shared/ports.ts';
import { recordingLog, serve } from './serve.ts';

const SUMMARY: SweepSummary = {
  dryRun: false,
  blind: false,
  branches: 3,
  slept: 1,
  kept: { active: 2 },
  asleep: { branches: 1, pods: 2 },
  healed: 0,
  contested: 0,
  failed: 0,
  problems: [],
  stopped: false,
  deleted: 0,
  deletions: [],
  durationMs: 12,
};

async function sleepServer(
  given: { summary?: Partial<SweepSummary>; isDryRun?: boolean; fails?: Error } = {},
) {
  const { log, entries } = recordingLog();
  const sweeps: boolean[] = [];
  const sweep = async ({ isDryRun }: { isDryRun: boolean }) => {
    sweeps.push(isDryRun);
    if (given.fails !== undefined) throw given.fails;
    return { ...SUMMARY, ...given.summary };
  };
  const url = await serve('sleep', createSleepFunction({ sweep, isDryRun: given.isDryRun ?? false, log }));
  return { send: (path = '/', method = 'POST') => fetch(url + path, { method }), sweeps, entries };
}

test('sleep answers 200 with the summary of its sweep and logs it', async () => {
  const { send, entries } = await sleepServer();
  const answer = await send();
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual(SUMMARY);
  expect(entries).toEqual([expect.objectContaining({ severity: 'INFO', event: 'sweep', slept: 1 })]);
});

test('sleep answers 500 when a branch failed, with the summary', async () => {
  const { send } = await sleepServer({ summary: { failed: 1 } });
  const answer = await send();
  expect(answer.status).toBe(500);
  expect(await answer.json()).toHaveProperty('slept', 1);
});

test('sleep answers 500 and says so when the sweep was blind', async () => {
  const blind = { reason: 'no-heartbeat', explanation: 'no proxy reports that touches arrive' };
  const { send, entries } = await sleepServer({ summary: { blind } });
  expect((await send()).status).toBe(500);
  expect(entries[0]).toMatchObject({ severity: 'ERROR', message: `sweep was blind: ${blind.explanation}` });
});

test('sleep answers 200 and warns when the sweep stopped for want of time', async () => {
  const { send, entries } = await sleepServer({ summary: { stopped: { done: 2, remaining: 7 } } });
  expect((await send()).status).toBe(200);
  const message = expect.stringContaining('7 wait for the next, as time was up');
  expect(entries[0]).toMatchObject({ severity: 'WARNING', message, stopped: { done: 2, remaining: 7 } });
});

test('sleep answers 500 when the sweep had no time for any branch', async () => {
  const { send, entries } = await sleepServer({ summary: { stopped: { done: 0, remaining: 7 } } });
  expect((await send()).status).toBe(500);
  expect(entries[0]).toMatchObject({ severity: 'ERROR' });
});

test('sleep answers 500 when the sweep could not begin', async () => {
  const { send } = await sleepServer({ fails: new StoreError('the store is down') });
  const answer = await send();
  expect(answer.status).toBe(500);
  expect(await answer.json()).toHaveProperty('detail', 'the sweep could not begin: the store is down');
});

test('sleep makes a dry run when it is asked to', async () => {
  const { send, sweeps } = await sleepServer();
  await send('/?dryRun=true');
  await send('/?dryRun=false');
  expect(sweeps).toEqual([true, false]);
});

test('sleep makes nothing but dry runs in dry-run mode', async () => {
  const { send, sweeps } = await sleepServer({ isDryRun: true });
  await send('/?dryRun=false');
  expect(sweeps).toEqual([true]);
});

test.each([
  ['GET', '/', 405],
  ['POST', '/sweep', 404],
  ['POST', '/?dryRun=yes', 400],
])('sleep refuses %s %s with %i and sweeps nothing', async (method, path, status) => {
  const { send, sweeps } = await sleepServer();
  expect((await send(path, method)).status).toBe(status);
  expect(sweeps).toEqual([]);
});
