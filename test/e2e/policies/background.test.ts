import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { describeWith } from '../../parts/part.ts';
import { launchChromium } from '../launch-chromium.ts';
import { IDLE_MS, type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx', 'chromium'] as const;
const TIMEOUT_MS = 90_000;
const NAME = 'forgotten--g';
const REFUSAL: Refusal = { status: 503, retryAfter: expect.stringMatching(/^\d+$/) };
/** As long as a branch is idle before it sleeps. */
const SHORT = { 'dormouse/background-max': '5m' };
const PAGE = `<!doctype html><title>Open</title><h1>Application</h1>
<script>setInterval(() => fetch('/poll').catch(() => {}), 200)</script>`;

describeWith(PARTS, 'a page that is left open', () => {
  let world: PoliciesWorld;
  let browser: Browser;

  beforeAll(async () => {
    const app = () => (_: unknown, response: { end: (body: string) => void; setHeader: SetHeader }) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(PAGE);
    };
    [world, browser] = await Promise.all([
      startPoliciesWorld(() => ({ startMs: 100, app })),
      launchChromium(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  async function openSocket(name: string): Promise<WebSocket> {
    const headers = { host: `${name}.example.com` };
    const socket = new WebSocket(`ws://127.0.0.1:${world.proxy.port}/cable`, { headers });
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  }

  test('keeps its branch awake by a socket that outlives idle-after, until that closes', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const app = await world.begin('socket--g');
    const socket = await openSocket('socket--g');
    expect((await world.sweepFor(3 * IDLE_MS)).slept).toBe(0);
    socket.send('still there?');
    expect(String((await once(socket, 'message'))[0])).toContain('still there?');
    socket.close();
    await world.sweepUntilAsleep(app);
  });

  test('lets its branch sleep once, background-max after the last visit, and wakes it never', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const app = await world.begin(NAME, [{ annotations: SHORT }]);
    const { tab, polls } = await openTab();
    const socket = await openSocket(NAME);
    expect(await world.sweepFor(2 * IDLE_MS + 2_000)).toMatchObject({ slept: 1, healed: 0 });
    expect(socket.readyState).toBe(WebSocket.CLOSED);
    expect(await reopen(NAME)).toEqual(REFUSAL);
    polls.length = 0;
    expect(await world.sweepFor(3 * IDLE_MS)).toMatchObject({ slept: 0, healed: 0 });
    expect(await world.replicasOf(app)).toEqual([0]);
    expect(polls.length).toBeGreaterThan(10);
    for (const poll of polls) expect(poll).toEqual(REFUSAL);
    await tab.reload();
    await tab.waitForSelector('h1:text-is("Application")', { timeout: 30_000 });
    expect(await world.replicasOf(app)).toEqual([1]);
  });

  /** With what its script got for each poll. */
  async function openTab() {
    const tab = await (await browser.newContext()).newPage();
    onTestFinished(() => tab.context().close());
    const polls: Refusal[] = [];
    tab.on('response', (response) => {
      const retryAfter = response.headers()['retry-after'];
      if (response.url().endsWith('/poll')) polls.push({ status: response.status(), retryAfter });
    });
    await tab.goto(`http://${NAME}.localhost:${world.proxy.port}/`);
    return { tab, polls };
  }

  /** As a page's script tries to when its socket drops. */
  async function reopen(name: string): Promise<Refusal> {
    const headers = { host: `${name}.example.com` };
    const socket = new WebSocket(`ws://127.0.0.1:${world.proxy.port}/cable`, { headers });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    socket.on('error', () => undefined).terminate();
    return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
  }
});

type Refusal = { readonly status: number; readonly retryAfter: string | undefined };

type SetHeader = (name: string, value: string) => unknown;
