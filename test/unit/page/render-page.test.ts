import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WakeSight } from '../../../shared/flows/follow-branch.ts';
import type { Page, Subject } from '../../../shared/page/page.ts';
import { PAGE_SCRIPT } from '../../../shared/page/page-script.ts';
import { toProgress } from '../../../shared/page/progress.ts';
import { renderPage } from '../../../shared/page/render-page.ts';
import { textsOf } from '../../../shared/page/texts-of.ts';
import { aPage, aWaking, CRASHING, NONCE, PULLING } from '../../fixtures/pages.ts';

const LANGUAGES = ['en', 'ja'] as const;
const REFRESH = `<noscript><meta http-equiv="refresh" content="5; url='&#x1f;'"></noscript>`;

/** What a browser makes of a page, without the texts: its tags, and of their attributes all but the brand's link. */
function skeletonOf(page: string): string[] {
  const withoutLink = page.replace(/href="https?:[^"<>]*"/, 'href');
  return withoutLink.match(/<[^>]*>|<!--/g) ?? [];
}

function textOf(page: string): string {
  return page.replace(/<(style|script)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, '\n');
}

const subjects: Record<string, (text: string) => Subject> = {
  waiting: (text) => aWaking({ progress: { ...PULLING, detail: text, changeCause: text } }),
  hopeless: (text) => aWaking({ progress: { ...CRASHING, detail: text, look: text, changeCause: text } }),
  reachable: (text) => aWaking({ progress: { state: 'reachable', changeCause: text } }),
  'no such branch': () => ({ kind: 'no-such-branch' }),
  'opted out': (text) => ({ kind: 'opted-out', ref: `deployment/${text}` }),
};

describe.each(Object.entries(subjects))('a page of the kind "%s"', (_, subjectOf) => {
  const pageWith = (text: string, link: string): Page => ({
    ...aPage({ subject: subjectOf(text), branch: text, host: text }),
    branding: { title: text, logoText: text, link },
  });
  const harmless = skeletonOf(renderPage(pageWith('x', 'https://a.example/')));
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '--', '!', ' onload=', 'script'),
      minLength: 1,
    }),
    fc.constantFrom(
      '</script><script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '</title><!--',
      '$&',
    ),
  );

  test('has the same tags and attributes whatever the cluster, the visitor and the team say', () => {
    const link = fc.oneof(
      fc.webUrl(),
      hostile.map((text) => `https://a.example/${text}`),
    );
    fc.assert(
      fc.property(hostile, link, (text, url) => {
        const page = renderPage(pageWith(text, url));
        expect(skeletonOf(page)).toEqual(harmless);
        expect(page.match(/<\/script/gi)).toHaveLength(1);
        expect(page).not.toContain('<!--');
      }),
    );
  });

  test('gives its script what was said, unchanged', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [, json = '{}'] =
          /const given = (.*);\n/.exec(renderPage(pageWith(text, 'https://a.example/'))) ?? [];
        const given = JSON.parse(json);
        if (given.follows) expect(given.titleTail).toBe(` · ${text} · ${text}`.toWellFormed());
      }),
    );
  });

  test.each(LANGUAGES)('says in %s which language it speaks', (language) => {
    const page = renderPage({ ...pageWith('x', ''), language });
    expect(page).toContain(`<html lang="${language}"`);
    expect(page).toContain(textsOf(language).labels.again);
  });
});

test('a brand without an http(s) link is no link', () => {
  const page = renderPage(aPage({ branding: { logoText: 'Acme', link: 'javascript:alert(1)' } }));
  expect(page).toContain('<header class="brand">Acme</header>');
  expect(page).not.toContain('javascript:');
});

describe.each(LANGUAGES)('in %s', (language) => {
  const texts = textsOf(language);

  test.each(Object.keys(texts.steps) as (keyof typeof texts.steps)[])('a page names the step %s', (step) => {
    const page = renderPage(aPage({ language, subject: aWaking({ progress: { state: 'waiting', step } }) }));
    expect(textOf(page)).toContain(texts.steps[step]);
    expect(page.match(/aria-current="step"/g)).toHaveLength(1);
    expect(page).toContain(REFRESH);
  });

  test.each(Object.keys(texts.reasons) as (keyof typeof texts.reasons)[])(
    'a page that is hopeless for %s names the reason, what Kubernetes says and where to look, and refreshes nothing',
    (reason) => {
      const progress = { ...CRASHING, reason };
      const page = renderPage(aPage({ language, subject: aWaking({ progress }) }));
      const said = [texts.reasons[reason].title, texts.reasons[reason].text, CRASHING.detail, CRASHING.look];
      for (const text of said) expect(textOf(page)).toContain(text);
      expect(page).not.toContain('refresh');
      expect(page).toContain('<p class="again"><a');
    },
  );

  test('no page is larger than 12 KiB compressed, with the longest of random texts', () => {
    const noise = (length: number) =>
      Array.from({ length }, (_, index) =>
        String.fromCharCode(0x4e00 + ((index * 7919 + index ** 3) % 20_000)),
      ).join('');
    const long = { detail: noise(2_000), look: noise(2_000) };
    const view = { service: 'missing', servingEndpoints: 0, workloads: [], changeCause: noise(999) } as const;
    const sights: WakeSight[] = [
      { state: { state: 'hopeless', reason: 'quota', ...long }, view },
      { state: { state: 'waiting', step: 'node', detail: long.detail }, view },
    ];
    const branding = { title: noise(80), logoText: noise(80), link: `https://a.example/${noise(400)}` };
    for (const sight of sights) {
      const subject = aWaking({ progress: toProgress(sight), wakeMs: [1, 2, 3] });
      const page = renderPage(aPage({ subject, branch: 'b'.repeat(63), language, branding }));
      expect(gzipSync(page).length).toBeLessThanOrEqual(12 * 1024);
    }
  });
});

test('a page says how long the branch usually takes, once it is known', () => {
  const { usual } = textsOf('en').labels;
  expect(textOf(renderPage(aPage({ subject: aWaking({ wakeMs: [] }) })))).not.toContain(usual);
  const page = renderPage(aPage({ subject: aWaking({ wakeMs: [64_000, 65_400, 90_000] }) }));
  expect(textOf(page)).toContain(`${usual}\n\n1:05`);
});

test('a page marks the steps before the current one as done', () => {
  const progress = { state: 'waiting', step: 'readiness' } as const;
  const page = renderPage(aPage({ subject: aWaking({ progress }) }));
  const marks = [...page.matchAll(/data-mark="(\w+)"/g)].map(([, mark]) => mark);
  expect(marks).toEqual(['done', 'done', 'done', 'current', 'todo']);
});

test('a page that nobody answers says that the branch has started', () => {
  const page = renderPage(aPage({ subject: aWaking({ progress: { state: 'reachable' } }) }));
  expect(textOf(page)).toContain(textsOf('en').silent.title);
});

test('the page of no branch shows what was asked for and addresses as they really are', () => {
  const page = textOf(
    renderPage(aPage({ subject: { kind: 'no-such-branch' }, host: 'typo--g.staging.example' })),
  );
  for (const text of ['typo--g.staging.example', 'new-editor--g', 'feature-login-h6bv03--g']) {
    expect(page).toContain(text);
  }
});

test('the page of a branch that is switched off names the workload to scale', () => {
  const command = (subject: Subject) =>
    /kubectl scale [^\n]*/.exec(textOf(renderPage(aPage({ subject }))))?.[0];
  expect(command({ kind: 'opted-out' })).toBe('kubectl scale deployment/my-branch--g --replicas=1');
  const ref = 'statefulset/my-branch--g';
  expect(command({ kind: 'opted-out', ref })).toBe('kubectl scale statefulset/my-branch--g --replicas=1');
});

test('a page runs and styles nothing but what bears its nonce, and fetches nothing', () => {
  const page = renderPage(aPage());
  expect(page.match(/<(script|style)[^>]*>/g)).toEqual([
    `<style nonce="${NONCE}">`,
    `<script type="module" nonce="${NONCE}">`,
  ]);
  expect(page).not.toMatch(/\ssrc=|<link|@import|url\(|\sstyle=|\son\w+=/);
});

test('the script can stand in its element, and is JavaScript', () => {
  expect(PAGE_SCRIPT).not.toMatch(/<\/|<!--|\\|`/);
  expect(() => new Function('given', PAGE_SCRIPT)).not.toThrow();
});
