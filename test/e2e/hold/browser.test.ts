import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { textsOf } from '../../../shared/page/texts-of.ts';
import { describeWith } from '../../parts/part.ts';
import { launchChromium } from '../launch-chromium.ts';
import { eventually } from '../visits.ts';
import { type Branch, type HoldWorld, startHoldWorld } from './hold-world.ts';
import { send } from './send.ts';

const PLACE = '/page?tab=comments&x=%26';
const FRAGMENT = '#comment-7';
const ENGLISH = textsOf('en');
const SCREENSHOTS = path.resolve(import.meta.dirname, '../../.artifacts/hold');
const PAGE_WITHIN_MS = 2_500;
const PATIENCE = { timeout: 60_000 };
const SLOW = { pullMs: 7_000, startMs: 5_000, readyMs: 7_000 };
/** About 0.8 s from the wake to the first endpoint: the controllers take their time too. */
const FAST = { startMs: 500 };
const FAST_MS = 1_000;
const FAST_ATTEMPTS = 5;
const CHANGE = { 'kubernetes.io/change-cause': 'Deploy 4f2c9d1: Make the toolbar sticky (#1204)' };
const PARTS = ['control-plane', 'firestore-emulator', 'nginx', 'chromium'] as const;

describeWith(PARTS, 'a person who opens a branch that is asleep', () => {
  let world: HoldWorld;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [world, browser] = await Promise.all([startHoldWorld(), launchChromium()]);
    await send(world.proxy.port, 'first--g.example.com'); // what waits is loaded with the first that waits
  });
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  async function openTab(options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    return context.newPage();
  }

  /** Chromium takes every name under localhost for this machine. */
  const addressOf = ({ name }: Branch) => `http://${name}.localhost:${world.proxy.port}${PLACE}${FRAGMENT}`;
  const headline = (tab: Tab) => tab.locator('#headline').textContent();
  const application = (tab: Tab) => tab.waitForSelector('h1:text-is("Application")', PATIENCE);
  const placesAsked = ({ application: { deliveries } }: Branch) => deliveries.map(({ line }) => line);

  test('sees the page, how the branch comes up, and then the application at the very address', async () => {
    const branch = await world.createBranch('slow--g', SLOW, { annotations: CHANGE });
    const tab = await openTab();
    const seen = await watchStates(tab);
    const startedMs = performance.now();
    await tab.goto(addressOf(branch), { waitUntil: 'commit' });
    await tab.waitForSelector('#headline');
    expect(performance.now() - startedMs).toBeLessThan(PAGE_WITHIN_MS);
    expect([await headline(tab), await violationsIn(tab)]).toEqual([ENGLISH.waking.title, []]);
    await takeScreenshots(tab);
    await application(tab);
    expect([tab.url(), await tab.textContent('#url')]).toEqual([addressOf(branch), PLACE]);
    const { image, start, readiness } = ENGLISH.steps;
    expect(seen()).toEqual(expect.arrayContaining([image, start, readiness]));
    expect(placesAsked(branch)).toEqual([`GET ${PLACE}`]);
  });

  test('is told how long it usually takes, from the second wake on', async () => {
    const branch = await world.createBranch('usual--g', { startMs: 4_000 });
    expect((await send(world.proxy.port, branch.host)).status).toBe(200);
    const [wakeMs = 0] = (await eventually(branch.wakeMs, (durations = []) => durations.length === 1)) ?? [];
    expect(wakeMs).toBeGreaterThan(3_000); // the mirrored visit may have woken it a moment before
    await branch.scale(0);
    await eventually(
      () => world.kubelet.pods().filter((pod) => pod.branch === branch.name).length,
      (pods) => pods === 0,
    );
    const tab = await openTab();
    await tab.goto(addressOf(branch));
    const text = await tab.getByRole('main').textContent();
    expect(text).toContain(`${ENGLISH.labels.usual}0:${String(Math.round(wakeMs / 1_000)).padStart(2, '0')}`);
    await application(tab);
    await eventually(branch.wakeMs, (durations = []) => durations.length === 2);
  });

  test('sees why a branch does not come up, and what to look at', async () => {
    const branch = await world.createBranch('crashing--g', { failure: 'crash-loop', exitCode: 3 });
    const tab = await openTab();
    await tab.goto(addressOf(branch));
    await tab.waitForSelector(`h1:has-text("${ENGLISH.reasons['crash-loop'].title}")`, PATIENCE);
    const text = await tab.getByRole('main').textContent();
    expect(text).toContain('with exit code 3');
    expect(text).toMatch(/kubectl logs pod\/crashing--g-\S+ -c web --previous/);
    await tab.screenshot({ path: `${SCREENSHOTS}/crash-loop.png`, fullPage: true });
    branch.setStart({});
    await expect.poll(async () => (await send(world.proxy.port, branch.host)).status, PATIENCE).toBe(200);
    await tab.getByRole('link', { name: ENGLISH.labels.again }).click();
    await application(tab);
    expect(tab.url()).toBe(addressOf(branch));
  });

  test('arrives without JavaScript too', async () => {
    const branch = await world.createBranch('plain--g', { startMs: 6_000 });
    const tab = await openTab({ javaScriptEnabled: false });
    await tab.goto(addressOf(branch));
    expect(await headline(tab)).toBe(ENGLISH.waking.title);
    await application(tab);
    expect(tab.url()).toBe(addressOf(branch).replace(FRAGMENT, ''));
  });

  /** Opens branches that wake fast until one has: a busy machine makes them slow. */
  async function openFastBranch(
    attempt = 1,
  ): Promise<{ branch: Branch; tab: Tab; status: number | undefined }> {
    const branch = await world.createBranch(`fast-${attempt}--g`, FAST);
    const tab = await openTab();
    const answer = await tab.goto(addressOf(branch));
    await application(tab);
    const [wakeMs = 0] = (await eventually(branch.wakeMs, (durations = []) => durations.length === 1)) ?? [];
    if (wakeMs > FAST_MS && attempt < FAST_ATTEMPTS) return openFastBranch(attempt + 1);
    return { branch, tab, status: answer?.status() };
  }

  test('sees no page when the branch is fast', async () => {
    const { branch, tab, status } = await openFastBranch();
    expect(status).toBe(200);
    expect([await tab.textContent('#url'), placesAsked(branch)]).toEqual([PLACE, [`GET ${PLACE}`]]);
  });

  /** Everything that the page says of its step, in order. */
  async function watchStates(tab: Tab): Promise<() => readonly string[]> {
    const seen: string[] = [];
    await tab.exposeFunction('tellTest', (text: string) => void seen.push(text));
    await tab.addInitScript(() => {
      const scope = globalThis as unknown as { document: Document; tellTest: (text: string) => void };
      const tell = () => scope.tellTest(scope.document.querySelector('#status')?.textContent ?? '');
      setInterval(tell, 100);
    });
    return () => [...new Set(seen)];
  }
});

/** What of the browser's own types is needed in the tab. */
type Document = { querySelector: (selector: string) => { textContent: string } | null };

async function takeScreenshots(tab: Tab): Promise<void> {
  const size = tab.viewportSize() ?? { width: 1280, height: 720 };
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.emulateMedia({ colorScheme });
    await tab.screenshot({ path: `${SCREENSHOTS}/waiting-${colorScheme}.png`, fullPage: true });
  }
  await tab.emulateMedia({ colorScheme: 'light' });
  await tab.setViewportSize({ width: 320, height: 640 });
  expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(320);
  await tab.screenshot({ path: `${SCREENSHOTS}/waiting-320.png`, fullPage: true });
  await tab.setViewportSize(size);
}

async function violationsIn(tab: Tab): Promise<string[]> {
  await tab.evaluate(axe.source);
  const { violations } = (await tab.evaluate('axe.run(document)')) as axe.AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
