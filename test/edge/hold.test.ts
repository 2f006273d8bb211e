import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createHoldRoute } from '../../functions/hold.ts';
import type { HeldRequest, HoldOutcome } from '../../shared/flows/hold.ts';
import { recordingLog, serve } from './serve.ts';

const AWAKE: HoldOutcome = { answer: 'awake', reason: 'reachable' };

async function holdServer(hold: (held: HeldRequest) => Promise<HoldOutcome> = async () => AWAKE) {
  const { log, entries } = recordingLog();
  const seen: HeldRequest[] = [];
  const { route, releaseAll } = createHoldRoute({
    hold: (held) => {
      seen.push(held);
      return hold(held);
    },
    log,
  });
  const url = await serve('hold', (request, response) => route(request, response, 7));
  const send = (headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(url, {
      headers: { 'X-Dormouse-Host': 'a--g.example.com', ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
  return { send, seen, entries, releaseAll };
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await delay(5);
};

test('hold answers 200 without a body and says where nginx goes', async () => {
  const { send, entries } = await holdServer();
  const answer = await send();
  expect([answer.status, answer.headers.get('x-accel-redirect'), await answer.text()]).toEqual([
    200,
    '@awake',
    '',
  ]);
  expect(entries).toEqual([expect.objectContaining({ event: 'hold', branch: 'a--g', answer: 'awake' })]);
});

test('hold hands over the visitor that nginx describes', async () => {
  const { send, seen } = await holdServer();
  await send({
    'X-Dormouse-Method': 'GET',
    'X-Dormouse-Accept': 'text/html',
    'X-Dormouse-Tried': '502, 200 : 502',
    'X-Dormouse-Round': '2',
    'X-Dormouse-Waited': '1.5,0.5',
  });
  const visitor = { isNavigation: true, isBackground: false, tries: 1, rounds: 2, waitedMs: 2_000 };
  expect(seen).toMatchObject([{ branch: 'a--g', arrivedMs: 7, visitor }]);
});

test('hold hands over that a page in the background asks', async () => {
  const { send, seen } = await holdServer();
  await send({ 'X-Dormouse-Accept': '*/*', 'X-Dormouse-Background': '1' });
  expect(seen).toMatchObject([{ visitor: { isNavigation: false, isBackground: true } }]);
});

test('hold sends a host that is no branch to the page, which knows what to say', async () => {
  const { send, seen } = await holdServer();
  const answer = await send({ 'X-Dormouse-Host': 'example.com' });
  expect([answer.status, answer.headers.get('x-accel-redirect')]).toEqual([200, '@page']);
  expect(seen).toEqual([]);
});

test('hold logs an error when Kubernetes could not be asked', async () => {
  const { send, entries } = await holdServer(async () => ({ ...AWAKE, problem: 'forbidden' }));
  await send();
  expect(entries[0]).toMatchObject({ severity: 'ERROR', problem: 'forbidden' });
});

test('hold sends all that waits elsewhere at once when its instance ends', async () => {
  const { send, seen, releaseAll } = await holdServer(() => new Promise(() => undefined));
  const waiting = Promise.all([send(), send()]);
  await until(() => seen.length === 2);
  releaseAll();
  const answers = await waiting;
  expect(answers.map((answer) => answer.headers.get('x-accel-redirect'))).toEqual(['@again', '@again']);
});

test('hold tells the flow when the client has gone', async () => {
  const { send, seen } = await holdServer(() => new Promise(() => undefined));
  const leaving = new AbortController();
  const held = send({}, leaving.signal).catch(() => 'left');
  await until(() => seen.length === 1);
  leaving.abort();
  expect(await held).toBe('left');
  await until(() => seen[0]?.left.aborted === true);
});
