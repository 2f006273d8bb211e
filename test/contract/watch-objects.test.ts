import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createKubernetesApi } from '../world/kubernetes-api.ts';
import type { KubernetesObject } from '../world/kubernetes-objects.ts';
import { watchObjects } from '../world/watch-objects.ts';

type Reply = (response: ServerResponse) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Watches a server that gives these replies in turn, and then none. */
async function watchReplies(...replies: readonly Reply[]) {
  const asked: URLSearchParams[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const reply = replies[asked.length];
    asked.push(new URL(request.url ?? '', 'http://server').searchParams);
    reply?.(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api = createKubernetesApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const heard: string[] = [];
  const watch = watchObjects<KubernetesObject>(api, '/api/v1/pods', ({ change, object }) => {
    heard.push(`${change} ${object.metadata.name}@${object.metadata.resourceVersion}`);
  });
  closers.push(watch.stop, api.close, () => server.close());
  return { heard, watch, asked };
}

const object = (name: string, resourceVersion: string, uid = `uid-of-${name}`) => ({
  metadata: { name, uid, resourceVersion },
});

const list =
  (resourceVersion: string, items: readonly object[], next?: string): Reply =>
  (response) =>
    response.end(JSON.stringify({ metadata: { resourceVersion, continue: next }, items }));

const events =
  (...lines: readonly [type: string, object: object][]): Reply =>
  (response) =>
    void response.write(lines.map(([type, one]) => `${JSON.stringify({ type, object: one })}\n`).join(''));

const thenEnd =
  (reply: Reply): Reply =>
  (response) => {
    reply(response);
    response.end();
  };

const status =
  (code: number): Reply =>
  (response) =>
    response.writeHead(code).end('{}');

describe('watchObjects', () => {
  it('reads the list in pages and follows it from its version', async () => {
    const { heard, watch, asked } = await watchReplies(
      list('7', [object('a', '1')], 'more'),
      list('7', [object('b', '2')]),
      events(['ADDED', object('c', '8')], ['DELETED', object('a', '9')]),
    );
    await expect.poll(() => heard).toEqual(['set a@1', 'set b@2', 'set c@8', 'gone a@9']);
    expect(watch.objects().map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
    expect(asked[1]?.get('continue')).toBe('more');
    expect(asked[2]?.get('resourceVersion')).toBe('7');
  });

  it('resumes after the last whole line when the connection breaks', async () => {
    const { heard, asked } = await watchReplies(
      list('7', []),
      (response) => {
        events(['ADDED', object('a', '8')])(response);
        response.write('{"type":"ADDED","object":{}', () => response.destroy());
      },
      events(['ADDED', object('b', '9')]),
    );
    await expect.poll(() => heard).toEqual(['set a@8', 'set b@9']);
    expect(asked[2]?.get('resourceVersion')).toBe('8');
  });

  it('resumes from a bookmark, which is no change', async () => {
    const bookmark = thenEnd(events(['BOOKMARK', { metadata: { resourceVersion: '99' } }]));
    const { heard, asked } = await watchReplies(list('7', []), bookmark);
    await expect.poll(() => asked[2]?.get('resourceVersion')).toBe('99');
    expect(heard).toEqual([]);
  });

  it.each([
    ['an event', thenEnd(events(['ERROR', { kind: 'Status', code: 410, metadata: {} }]))],
    ['its status', status(410)],
  ])('lists again when the server says 410 by %s, and tells only the difference', async (_by, gone) => {
    const { heard } = await watchReplies(
      list('7', [object('kept', '1'), object('changed', '2'), object('lost', '3')]),
      gone,
      list('20', [object('kept', '1'), object('changed', '18')]),
    );
    await expect
      .poll(() => heard)
      .toEqual(['set kept@1', 'set changed@2', 'set lost@3', 'gone lost@3', 'set changed@18']);
  });

  it('takes another object of an old name for another one', async () => {
    const { heard } = await watchReplies(
      list('7', [object('a', '1')]),
      status(500),
      list('9', [object('a', '8', 'another')]),
    );
    await expect.poll(() => heard).toEqual(['set a@1', 'gone a@1', 'set a@8']);
  });

  it('tries again while the server refuses, and stops when told to', async () => {
    const { heard, watch, asked } = await watchReplies(
      status(503),
      status(429),
      list('7', [object('a', '1')]),
    );
    await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['set a@1']);
    await expect.poll(() => asked.length).toBe(4);
    watch.stop();
    expect(watch.objects()).toHaveLength(1);
  });
});
