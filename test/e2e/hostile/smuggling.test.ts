import type { HttpFunction } from '@google-cloud/functions-framework';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWakeFunction } from '../../../functions/wake.ts';
import { serve } from '../../edge/serve.ts';
import { describeWith } from '../../parts/part.ts';
import { called, type ProxyWorld, startProxyWorld } from '../proxy/proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from '../proxy/sleeping-branch.ts';
import { converse, statusesIn } from './raw-exchange.ts';
import { type RecordingApplication, startRecordingApplication } from './recording-application.ts';
import { INNER_HOST, SHAPES, type Shape } from './smuggling-shapes.ts';

const PATIENCE_MS = 5_000;
const REFUSED = SHAPES.filter(({ requests }) => requests === 'refused');
const ACCEPTED = SHAPES.filter(({ requests }) => requests !== 'refused');

describeWith(['nginx'], 'a request that hides another one, at nginx', () => {
  let world: ProxyWorld;
  let sleepers: ProxyWorld;
  let application: RecordingApplication;

  beforeAll(async () => {
    application = await startRecordingApplication();
    const service_domain = `staging.svc.cluster.local:${application.port}`;
    [world, sleepers] = await Promise.all([
      startProxyWorld({ variables: { service_domain } }),
      startProxyWorld(),
    ]);
  });
  afterAll(() => Promise.all([world, sleepers, application].map((each) => each?.close())));

  const send = (to: ProxyWorld, host: string, { text }: Shape) =>
    converse({ port: to.proxy.port, text: text.replaceAll('HOST', host), patienceMs: PATIENCE_MS });
  const arrived = (host: string) => application.recordings().filter(({ head }) => head.includes(host));

  test.each(REFUSED)('is refused: $name', async (shape) => {
    const host = hostOf(shape);
    const [status, ...others] = statusesIn(await send(world, host, shape));
    expect([400, 501]).toContain(status);
    expect(others).toEqual([]);
    expect(arrived(host)).toEqual([]);
  });

  test.each(ACCEPTED)('arrives as $requests, with a body as long as it says: $name', async (shape) => {
    const host = hostOf(shape);
    expect(statusesIn(await send(world, host, shape))).toEqual(
      Array.from({ length: Number(shape.requests) }, () => 200),
    );
    const recordings = arrived(host);
    expect(recordings).toHaveLength(Number(shape.requests));
    for (const { head, body } of recordings) {
      expect(head).not.toMatch(/^transfer-encoding:/im);
      expect(body).toHaveLength(Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0));
    }
    await called(world.wake, host);
  });

  test.each(ACCEPTED)('is held and delivered once, all the same: $name', async (shape) => {
    const branch = createSleepingBranch(sleepers);
    wakeOnHold(sleepers, branch);
    const answer = await send(sleepers, branch.host, shape);
    expect(statusesIn(answer).filter((status) => status === 200)).toHaveLength(Number(shape.requests));
    expect(branch.deliveries).toHaveLength(Number(shape.requests));
  });

  test('never lets the inner one come through, to the function or to a place inside of nginx', async () => {
    const calls = [...world.wake.calls, ...sleepers.wake.calls];
    const paths = new Set(calls.map(({ line }) => line));
    expect(calls.map(({ headers }) => headers.get('x-dormouse-host'))).not.toContain(INNER_HOST);
    expect([...paths].sort()).toEqual(['GET /hold', 'GET /touch']);
    expect(arrived(`Host: ${INNER_HOST}`).filter(({ head }) => !head.startsWith('POST /order'))).toEqual([]);
  });
});

describe('a request that hides another one, at the function', () => {
  // RFC 9112 allows a list that ends in `chunked`: what follows such a body is the next request. nginx refuses it.
  const shapes = SHAPES.filter(({ name }) => name !== 'a list of TE');

  test.each(shapes)('is refused or counts as what it is: $name', async ({ text, requests }) => {
    const hosts: (string | undefined)[] = [];
    const route: HttpFunction = (request, response) => {
      hosts.push(request.header('X-Dormouse-Host'));
      response.status(204).end();
    };
    const routes = { '/order': route, '/hold': route } as const;
    const url = await serve('wake', createWakeFunction(routes));
    const port = Number(new URL(url).port);
    const got = text.replaceAll('HOST', 'outer--g.example.com').replaceAll('POST /order', 'GET /order');
    const answer = await converse({ port, text: got, patienceMs: PATIENCE_MS });
    expect(hosts).not.toContain(INNER_HOST);
    expect(hosts.length).toBeLessThanOrEqual(requests === 'refused' ? 1 : requests);
    expect(statusesIn(answer).length).toBeGreaterThan(0);
  });
});

function hostOf(shape: Shape): string {
  return `shape-${SHAPES.indexOf(shape)}--g.gyazo.example`;
}
