import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Page, Subject } from '../../shared/page/page.ts';
import { textsOf } from '../../shared/page/texts-of.ts';
import { aPage, aWaking, CRASHING, PULLING } from '../fixtures/pages.ts';
import { describeWith } from '../parts/part.ts';
import { type PageServer, startPageServer } from '../world/page-server.ts';
import { launchChromium } from './launch-chromium.ts';

const ADDRESS = '/posts/1?tab=comments&x=%26#comment-7';
const ENGLISH = textsOf('en');
const SCREENSHOTS = path.resolve(import.meta.dirname, '../.artifacts/page');

type World = {
  readonly server: PageServer;
  readonly tab: Tab;
  /** Everything that went wrong in the tab: errors, refused content, requests to anybody else. */
  readonly problems: readonly string[];
};

describeWith(['chromium'], 'the page in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
    mkdirSync(SCREENSHOTS, { recursive: true });
  });
  afterAll(() => browser?.close());

  async function openTab(changes: Partial<Page> = {}, options: BrowserContextOptions = {}): Promise<World> {
    const server = await startPageServer(aPage(changes));
    const context = await browser.newContext(options);
    onTestFinished(async () => {
      await context.close();
      await server.close();
    });
    const tab = await context.newPage();
    return { server, tab, problems: watchProblems(tab, server.url) };
  }

  async function openAddress(
    changes: Partial<Page> = {},
    options: BrowserContextOptions = {},
  ): Promise<World> {
    const world = await openTab(changes, options);
    await world.tab.goto(world.server.url + ADDRESS);
    return world;
  }

  const status = (tab: Tab) => tab.getByRole('status').locator('p').textContent();
  const again = (tab: Tab) => tab.getByRole('link', { name: ENGLISH.labels.again });

  test('a tab shows each state as it comes, then the application at the very address', async () => {
    const { server, tab, problems } = await openAddress();
    const seen = new Set([await status(tab)]);
    await expect.poll(server.open).toBe(1);
    for (const step of ['start', 'readiness', 'endpoints'] as const) {
      server.tell('progress', { state: 'waiting', step });
      await expect.poll(() => status(tab)).toBe(ENGLISH.steps[step]);
      seen.add(await status(tab));
      await expect.poll(() => tab.locator('[aria-current=step]').count()).toBe(1);
    }
    expect(server.visits()).toBe(1);
    server.isAwake = true;
    server.tell('ready', { state: 'reachable' });
    await tab.waitForSelector('text=Application');
    expect(tab.url()).toBe(server.url + ADDRESS);
    expect([seen.size, server.visits(), problems]).toEqual([4, 2, []]);
  });

  test('a tab shows what it is told beside the step, and hides it with the next', async () => {
    const { server, tab } = await openAddress();
    await expect.poll(server.open).toBe(1);
    const hostile = '<img src=x onerror=alert(1)>';
    server.tell('progress', { state: 'waiting', step: 'node', detail: hostile, changeCause: hostile });
    await tab.waitForSelector(`text=${ENGLISH.labels.kubernetes}: ${hostile}`);
    expect(await tab.locator('#change').textContent()).toContain(hostile);
    server.tell('progress', { state: 'waiting', step: 'readiness', detail: 'web' });
    await tab.waitForSelector(`text=${ENGLISH.labels.container}: web`);
    server.tell('progress', { state: 'waiting', step: 'endpoints' });
    await expect.poll(() => tab.locator('#detail').isVisible()).toBe(false);
  });

  test('a tab that is told of a failure shows the reason and a way on, and asks no more', async () => {
    const { server, tab, problems } = await openAddress();
    await expect.poll(server.open).toBe(1);
    server.tell('failed', { ...CRASHING, changeCause: 'deploy 42' });
    await tab.waitForSelector(`h1:has-text("${ENGLISH.reasons['crash-loop'].title}")`);
    const shown = await tab.getByRole('main').textContent();
    for (const text of [CRASHING.detail, CRASHING.look, 'deploy 42']) expect(shown).toContain(text);
    expect(await tab.title()).toContain(ENGLISH.reasons['crash-loop'].title);
    await expect.poll(server.open).toBe(0);
    server.isAwake = true;
    await again(tab).click();
    await tab.waitForSelector('text=Application');
    expect([tab.url(), server.streams(), problems]).toEqual([server.url + ADDRESS, 1, []]);
  });

  test('a tab that comes to a hopeless branch opens no stream, and tries again when it is told to', async () => {
    const { server, tab, problems } = await openAddress({ subject: aWaking({ progress: CRASHING }) });
    await again(tab).click();
    await expect.poll(server.visits).toBe(2);
    await again(tab).waitFor();
    expect([server.streams(), problems]).toEqual([0, []]);
  });

  test('a tab goes on when the stream ends by itself', async () => {
    const { server, tab } = await openAddress();
    await expect.poll(server.open).toBe(1);
    server.endStreams();
    await expect.poll(server.streams).toBe(2);
    server.tell('progress', { state: 'waiting', step: 'start' });
    await expect.poll(() => status(tab)).toBe(ENGLISH.steps.start);
  });

  test('a tab opens a refused stream anew, after 1 to 15 s, and 1 s again after it was open', async () => {
    const { server, tab } = await openTab();
    await tab.addInitScript(recordDelays);
    server.streamStatus = 503;
    await tab.goto(server.url + ADDRESS);
    const delays = () => tab.evaluate('delays') as Promise<number[]>;
    await expect.poll(async () => (await delays()).length).toBeGreaterThan(6);
    expect((await delays()).slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    server.streamStatus = 200;
    await expect.poll(server.open).toBe(1);
    await tab.evaluate('delays.length = 0');
    server.streamStatus = 404;
    server.endStreams();
    await expect.poll(async () => (await delays())[0]).toBe(1_000);
  });

  test('a tab goes on for 10 minutes, and then stops and offers to go on', async () => {
    const { server, tab } = await openTab({ subject: aWaking({ waitedMs: 0 }) });
    await tab.clock.install();
    await tab.goto(server.url + ADDRESS);
    await expect.poll(server.open).toBe(1);
    await tab.clock.fastForward('09:50');
    expect(await tab.locator('#elapsed-text').textContent()).toMatch(/^9:5\d$/);
    expect([server.open(), await again(tab).isVisible()]).toEqual([1, false]);
    await tab.clock.fastForward('00:10');
    await tab.waitForSelector(`h1:has-text("${ENGLISH.stopped.title}")`);
    await expect.poll(server.open).toBe(0);
    server.isAwake = true;
    await again(tab).click();
    await tab.waitForSelector('text=Application');
    expect(tab.url()).toBe(server.url + ADDRESS);
  });

  test('a tab that comes back to the page after "ready" goes on counting where it was', async () => {
    const { server, tab } = await openTab({ subject: aWaking({ waitedMs: 0 }) });
    await tab.clock.install();
    await tab.goto(server.url + ADDRESS);
    await expect.poll(server.open).toBe(1);
    await tab.clock.fastForward('09:00');
    server.tell('ready', { state: 'reachable' });
    await expect.poll(server.visits).toBe(2);
    await expect.poll(server.open).toBe(1);
    expect(await tab.locator('#elapsed-text').textContent()).toMatch(/^9:\d\d$/);
    await tab.clock.fastForward('01:00');
    await again(tab).waitFor();
    await expect.poll(server.open).toBe(0);
  });

  test('a tab without JavaScript arrives by itself, though without its fragment', async () => {
    const { server, tab } = await openAddress({}, { javaScriptEnabled: false });
    expect(await tab.locator('h1').textContent()).toBe(ENGLISH.waking.title);
    server.isAwake = true;
    await tab.waitForSelector('text=Application', { timeout: 15_000 });
    expect([tab.url(), server.visits()]).toEqual([server.url + ADDRESS.replace(/#.*/, ''), 2]);
  });

  test('a tab without JavaScript tries a hopeless branch again when it is told to', async () => {
    const subject = aWaking({ progress: CRASHING });
    const { server, tab } = await openAddress({ subject }, { javaScriptEnabled: false });
    server.isAwake = true;
    await again(tab).click();
    await tab.waitForSelector('text=Application');
    expect(new URL(tab.url()).search).toBe('?tab=comments&x=%26');
  });

  test('a tab moves nothing for people who want no motion', async () => {
    const { tab } = await openAddress();
    const animations = () => tab.evaluate('document.getAnimations().length');
    expect(await animations()).toBeGreaterThan(0);
    await tab.emulateMedia({ reducedMotion: 'reduce' });
    expect(await animations()).toBe(0);
  });

  const branding = { title: 'Acme', logoText: 'Acme staging', link: 'https://acme.example/' };
  const changeCause = 'Deploy 4f2c9d1: Make the toolbar sticky (#1204)';
  const kinds: Record<string, Subject> = {
    waiting: aWaking({ progress: { ...PULLING, changeCause }, wakeMs: [38_000], waitedMs: 12_000 }),
    hopeless: aWaking({ progress: { ...CRASHING, changeCause } }),
    silent: aWaking({ progress: { state: 'reachable' } }),
    'no-such-branch': { kind: 'no-such-branch' },
    'opted-out': { kind: 'opted-out' },
  };
  const looks = [
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 1280 },
    { colorScheme: 'light', width: 320 },
    { colorScheme: 'dark', width: 320 },
  ] as const;

  test.each(
    (['en', 'ja'] as const).flatMap((language) =>
      Object.keys(kinds).map((kind) => [language, kind] as const),
    ),
  )(
    'a page in %s of the kind "%s" is accessible and fits, light and dark, wide and narrow',
    async (language, kind) => {
      const { server, tab, problems } = await openAddress({
        language,
        subject: kinds[kind] ?? aWaking(),
        branding,
      });
      for (const { colorScheme, width } of looks) {
        await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await tab.setViewportSize({ width, height: 800 });
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await violationsIn(tab)).toEqual([]);
        await tab.screenshot({
          path: `${SCREENSHOTS}/${kind}-${language}-${colorScheme}-${width}.png`,
          fullPage: true,
        });
      }
      expect([server.visits(), problems]).toEqual([1, []]);
    },
  );
});

function watchProblems(tab: Tab, origin: string): readonly string[] {
  const problems: string[] = [];
  // Chromium says on the console that the page itself was a 503, and what a Content-Security-Policy refused.
  tab.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of')) problems.push(message.text());
  });
  tab.on('pageerror', (error) => problems.push(String(error)));
  tab.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) problems.push(request.url());
  });
  return problems;
}

/** Runs in the tab: keeps how long it wanted to wait, and does not wait. */
function recordDelays(): void {
  const scope = globalThis as unknown as { delays: number[]; setTimeout: unknown };
  const wait = globalThis.setTimeout;
  scope.delays = [];
  scope.setTimeout = (callback: () => void, delayMs: number) => {
    scope.delays.push(delayMs);
    return wait(callback, 0);
  };
}

async function violationsIn(tab: Tab): Promise<string[]> {
  await tab.evaluate(axe.source);
  const { violations } = (await tab.evaluate('axe.run(document)')) as axe.AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
