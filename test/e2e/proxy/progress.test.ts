import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';

const HOST = 'waiting--g.gyazo.example';
const PATH = '/.dormouse/progress';
const STREAM_HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' };
const FIRST = 'event: progress\ndata: {}\n\n';
const STREAM = { status: 200, headers: STREAM_HEADERS, body: [FIRST] };

describeWith(['nginx'], 'the progress of a branch', () => {
  test('arrives event by event, and is let go when the page is closed', async () => {
    const world = await startProxyWorldForTest();
    world.wake.answerWith('/progress', () => STREAM);
    const stream = await listen(world);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject(STREAM_HEADERS);
    expect(String(stream.first)).toBe(FIRST);
    const [call] = world.wake.callsOf('/progress', HOST);
    expect([...(call?.headers.keys() ?? [])].sort()).toEqual([
      'authorization',
      'host',
      'x-dormouse-host',
      'x-serverless-authorization',
    ]);
    stream.close();
    await until(
      () => call?.ended.aborted === true,
      () => 'the stream goes on for nobody',
    );
  });

  test('is no visit', async () => {
    const world = await startProxyWorldForTest();
    await world.visit({ host: HOST, path: PATH });
    await world.visit({ host: 'after--g.gyazo.example' });
    await until(
      () => world.wake.hosts().length > 0,
      () => 'no touch at all',
    );
    expect(world.wake.hosts()).toEqual(['after--g.gyazo.example']);
    expect(world.application.heads.join()).not.toContain(HOST);
  });

  test("is the function's own 404 where there is no such branch", async () => {
    const world = await startProxyWorldForTest();
    world.wake.answerWith('/progress', () => ({ status: 404, body: 'no branch' }));
    expect(await world.visit({ host: HOST, path: PATH })).toMatchObject({ status: 404, body: 'no branch' });
    expect(await world.visit({ host: 'gyazo.example', path: PATH })).toMatchObject({ status: 404 });
  });

  test.each(['cut', { status: 403 }, { status: 503 }] as const)(
    'is 503 when the function does %o',
    async (reply) => {
      const world = await startProxyWorldForTest();
      world.wake.answerWith('/progress', () => reply);
      const answer = await world.visit({ host: HOST, path: PATH });
      expect(answer).toMatchObject({ status: 503, headers: { 'cache-control': 'no-store' } });
    },
  );

  test('is told to a limited number of pages of each branch, and goes on for those', async () => {
    const world = await startProxyWorldForTest({ variables: { progress_per_branch: 2 } });
    world.wake.answerWith('/progress', () => STREAM);
    const streams = [await listen(world), await listen(world)];
    expect(await world.visit({ host: HOST, path: PATH })).toMatchObject({ status: 503 });
    expect((await listen(world, 'other--g.gyazo.example')).status).toBe(200);
    streams[0]?.close();
    await until(
      () => world.wake.callsOf('/progress', HOST).some((call) => call.ended.aborted),
      () => 'the place was not freed',
    );
    expect((await listen(world)).status).toBe(200);
  });

  test("does not steer nginx, though it is the function's", async () => {
    const world = await startProxyWorldForTest();
    const headers = { 'X-Accel-Redirect': '/.dormouse/internal/identity' };
    world.wake.answerWith('/progress', () => ({ status: 200, headers, body: 'mine' }));
    expect(await world.visit({ host: HOST, path: PATH })).toMatchObject({ status: 200, body: 'mine' });
  });

  test.each(['/.dormouse', '/.dormouse/', '/.dormouse/mine', '/.dormouse/progress/x'])(
    'takes no more of the application than its own path: %s is served',
    async (path) => {
      const world = await startProxyWorldForTest();
      expect(await world.visit({ host: HOST, path })).toMatchObject({ status: 200, body: 'ok' });
    },
  );
});

async function listen(world: ProxyWorld, host = HOST) {
  const place = { host: '127.0.0.1', port: world.proxy.port, agent: false, path: PATH };
  const headers = { host, accept: 'text/event-stream', cookie: 'a=1', 'last-event-id': '1' };
  const sent = openRequest({ ...place, headers }).end();
  const [response] = await once(sent, 'response');
  sent.on('error', () => undefined);
  onTestFinished(() => void sent.destroy());
  const status = Number(response.statusCode);
  const first = status === 200 ? (await once(response, 'data'))[0] : await text(response);
  return { status, headers: response.headers, first, close: () => sent.destroy() };
}
