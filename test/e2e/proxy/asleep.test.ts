import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';

const HOST = 'refused--g.gyazo.example';
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

const NOT_NAVIGATIONS = {
  'curl without Accept': { headers: {} },
  'a request for JSON': { headers: { accept: 'application/json' } },
  'a form post': { method: 'POST', headers: HTML, body: 'a=1' },
  'a frame inside a page': { headers: { ...HTML, 'sec-fetch-dest': 'iframe' } },
  'a fetch of a page': { headers: { ...HTML, 'sec-fetch-dest': 'empty' } },
  htmx: { headers: { ...HTML, 'hx-request': 'true' } },
  Turbo: { headers: { ...HTML, 'x-turbo-request-id': '1' } },
  jQuery: { headers: { ...HTML, 'x-requested-with': 'XMLHttpRequest' } },
  'a prefetch': { headers: { ...HTML, 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' } },
} as const;

describeWith(['nginx'], 'a branch that is asleep', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  test.each(['refused', 'unknown', 'broken'])('answers 503 with Retry-After when it is %s', async (name) => {
    const answer = await world.visit({ host: `${name}--g.gyazo.example` });
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({ 'retry-after': '5', 'cache-control': 'no-store' });
  });

  test.each([{}, { 'sec-fetch-dest': 'document' }])(
    'shows a navigation a page that reloads itself',
    async (more) => {
      const answer = await world.visit({ host: HOST, path: '/a.css?x=1', headers: { ...HTML, ...more } });
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'retry-after': '5',
        'cache-control': 'no-store',
        'x-robots-tag': 'noindex',
      });
      expect(answer.body).toContain('<meta http-equiv="refresh" content="5">');
    },
  );

  test.each(Object.entries(NOT_NAVIGATIONS))('answers %s with plain text', async (_, request) => {
    const answer = await world.visit({ host: HOST, path: '/a.html', ...request });
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain', 'cache-control': 'no-store' });
  });

  test.each(['Slackbot 1.0', 'GoogleHC/1.0', 'Mozilla/5.0 (compatible; bingbot/2.0)'])(
    'sends %s away for an hour',
    async (agent) => {
      const answer = await world.visit({ host: HOST, headers: { ...HTML, 'user-agent': agent } });
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({ 'retry-after': '3600', 'x-robots-tag': 'noindex' });
      expect(answer.headers['content-type']).toBe('text/plain');
    },
  );

  test.each([{ accept: 'text/x-vite-ping' }, { 'sec-websocket-protocol': 'vite-hmr', upgrade: 'websocket' }])(
    'gives the page of a development server no answer: %o',
    async (headers) => {
      await expect(world.visit({ host: HOST, headers })).rejects.toThrow('socket hang up');
    },
  );
});
