import { describe, expect, test } from 'vitest';
import { createPageRoute, type PageDependencies } from '../../functions/page.ts';
import { ClusterError } from '../../shared/ports.ts';
import { BRANCH } from '../fixtures/branches.ts';
import { HOST, NONCE } from '../fixtures/pages.ts';
import { recordingLog, serve } from './serve.ts';

const PULLING = { state: 'waiting', step: 'image' } as const;
const CRASHING = {
  state: 'hopeless',
  reason: 'crash-loop',
  detail: 'container web crashed 4 times, last with exit code 1',
  look: 'kubectl logs pod/x -c web --previous',
} as const;
const BROWSER = {
  'X-Dormouse-Host': HOST,
  'X-Dormouse-Method': 'GET',
  'X-Dormouse-Accept': 'text/html,*/*;q=0.8',
  'X-Dormouse-Fetch': 'document',
};
const CURL = { 'X-Dormouse-Host': HOST, 'X-Dormouse-Method': 'GET', 'X-Dormouse-Accept': '*/*' };

async function pageServer(changes: Partial<PageDependencies> = {}) {
  const { log, entries } = recordingLog();
  const lookedUp: string[] = [];
  const route = createPageRoute({
    lookUp: async (branch) => {
      lookedUp.push(branch);
      return { kind: 'waking', sight: { state: PULLING }, wakeMs: [] };
    },
    branding: {},
    newNonce: () => NONCE,
    log,
    ...changes,
  });
  const url = await serve('page', route);
  return { ask: (headers: Record<string, string>) => fetch(url, { headers }), entries, lookedUp };
}

describe('a person', () => {
  test('page answers 503 with HTML that nobody keeps, for a branch that wakes', async () => {
    const { ask, lookedUp } = await pageServer();
    const answer = await ask(BROWSER);
    expect(answer.status).toBe(503);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'retry-after': '5',
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex',
      'content-language': 'en',
      vary: 'Accept-Language',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(await answer.text()).toContain(BRANCH);
    expect(lookedUp).toEqual([BRANCH]);
  });

  test('page lets nothing run, load or submit but what bears the nonce of that very answer', async () => {
    let count = 0;
    const { ask } = await pageServer({ newNonce: () => `nonce${++count}` });
    for (const nonce of ['nonce1', 'nonce2']) {
      const answer = await ask(BROWSER);
      expect(answer.headers.get('content-security-policy')).toBe(
        `default-src 'none'; connect-src 'self'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; ` +
          "base-uri 'none'; form-action 'none'",
      );
      expect(await answer.text()).toContain(`<script type="module" nonce="${nonce}">`);
    }
  });

  test.each([
    ['ja,en;q=0.5', 'ja'],
    ['"><script>', 'en'],
  ])('page speaks %j as %s', async (accepted, language) => {
    const { ask } = await pageServer();
    const answer = await ask({ ...BROWSER, 'X-Dormouse-Language': accepted });
    expect(answer.headers.get('content-language')).toBe(language);
    expect(await answer.text()).toContain(`<html lang="${language}"`);
  });

  test('page says why a branch cannot start, and when to ask again', async () => {
    const sight = { state: CRASHING };
    const { ask } = await pageServer({ lookUp: async () => ({ kind: 'waking', sight, wakeMs: [] }) });
    const answer = await ask(BROWSER);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await answer.text()).toContain(CRASHING.detail);
  });

  test('page answers 404 for no such branch, and asks nobody to come back', async () => {
    const { ask } = await pageServer({ lookUp: async () => ({ kind: 'no-such-branch' }) });
    const answer = await ask(BROWSER);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([404, null]);
    expect(await answer.text()).toContain(HOST);
  });

  test('page answers 503 for a branch that no visit wakes, and says how to wake it', async () => {
    const { ask } = await pageServer({ lookUp: async () => ({ kind: 'opted-out' }) });
    const answer = await ask(BROWSER);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await answer.text()).toContain(`kubectl scale deployment/${BRANCH} --replicas=1`);
  });

  test('page counts from the arrival of the request, all rounds together', async () => {
    const { ask } = await pageServer();
    const answer = await ask({ ...BROWSER, 'X-Dormouse-Waited': '12.5, 1.5' });
    expect(await answer.text()).toContain('"waitedMs":14000');
  });

  test('page answers a HEAD with the headers alone, and does not say that the page is empty', async () => {
    const { ask } = await pageServer();
    const answer = await ask({ ...BROWSER, 'X-Dormouse-Method': 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
    expect(answer.headers.get('content-length')).toBeNull();
    expect(await answer.text()).toBe('');
  });

  test('page bears the brand of the team', async () => {
    const { ask } = await pageServer({ branding: { logoText: 'Acme', link: 'https://acme.example/' } });
    expect(await (await ask(BROWSER)).text()).toContain(
      '<a href="https://acme.example/" rel="noreferrer">Acme</a>',
    );
  });
});

describe('a program', () => {
  test.each([
    ['curl', CURL],
    ['a POST', { ...BROWSER, 'X-Dormouse-Method': 'POST' }],
    ['a fetch', { ...BROWSER, 'X-Dormouse-Fetch': 'empty' }],
    ['Turbo', { ...BROWSER, 'X-Dormouse-Script': '1' }],
    ['a request that says nothing of itself', { 'X-Dormouse-Host': HOST }],
  ])(
    'page answers %s with a problem that other origins may read, without credentials',
    async (_, headers) => {
      const { ask } = await pageServer();
      const answer = await ask(headers);
      expect(answer.status).toBe(503);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'application/problem+json',
        'retry-after': '5',
        'cache-control': 'no-store',
        'access-control-allow-origin': '*',
      });
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    },
  );

  test.each([
    ['waits', { kind: 'waking', sight: { state: PULLING }, wakeMs: [] }, 503, { waitingFor: 'image' }],
    [
      'does not answer',
      { kind: 'waking', sight: { state: { state: 'reachable' } }, wakeMs: [] },
      503,
      { waitingFor: 'answer' },
    ],
    [
      'cannot start',
      { kind: 'waking', sight: { state: CRASHING }, wakeMs: [] },
      503,
      { reason: 'crash-loop', look: CRASHING.look, detail: expect.stringContaining('exit code 1') },
    ],
    ['does not exist', { kind: 'no-such-branch' }, 404, { title: 'Not Found' }],
    ['is switched off', { kind: 'opted-out' }, 503, { title: 'Service Unavailable' }],
    ['is left asleep', { kind: 'left-asleep' }, 503, { detail: expect.stringContaining('Reload the page') }],
  ] as const)(
    'page tells in the problem of a branch that %s what is known',
    async (_, sighting, status, told) => {
      const { ask } = await pageServer({ lookUp: async () => sighting });
      const answer = await ask(CURL);
      expect(answer.status).toBe(status);
      const problem = { status, branch: BRANCH, title: expect.any(String), detail: expect.any(String) };
      expect(await answer.json()).toEqual({ ...problem, ...told });
    },
  );
});

test('page has a page in the background ask again in an hour, while its branch is left asleep', async () => {
  const asked: unknown[] = [];
  const { ask } = await pageServer({
    lookUp: async (_, caller) => {
      asked.push(caller);
      return { kind: 'left-asleep' };
    },
  });
  const answer = await ask({ ...CURL, 'X-Dormouse-Background': '1' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '3600']);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(asked).toEqual([{ isBackground: true }]);
});

test.each([
  ['', ''],
  ['example.com', 'example'],
  ['<b>--g.example.com', '<b>--g'],
  [`${'a'.repeat(300)}--g`, 'a'.repeat(63)],
])('page takes the host %j for no branch and looks nothing up', async (host, branch) => {
  const { ask, lookedUp } = await pageServer();
  const answer = await ask({ ...CURL, 'X-Dormouse-Host': host });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toHaveProperty('branch', branch);
  expect(lookedUp).toEqual([]);
});

test('page says that the branch is waking when it cannot be looked up, and logs why it cannot', async () => {
  const lookUp = () => Promise.reject(new ClusterError('unreachable'));
  const { ask, entries } = await pageServer({ lookUp });
  const answer = await ask(CURL);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toHaveProperty('waitingFor', 'unknown');
  expect(entries).toEqual([
    expect.objectContaining({ severity: 'ERROR', event: 'page', branch: BRANCH, problem: 'unreachable' }),
  ]);
});

test('page logs one line an answer, with its trace', async () => {
  const { ask, entries } = await pageServer();
  const trace = `${'1'.repeat(32)}/2;o=1`;
  await ask({ ...BROWSER, 'X-Cloud-Trace-Context': trace });
  const entry = { severity: 'INFO', event: 'page', branch: BRANCH, state: 'waiting', status: 503, trace };
  expect(entries).toEqual([expect.objectContaining(entry)]);
});
