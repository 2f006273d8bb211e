import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';
import { createSleepingBranch, type Respond, wakeOnHold } from './sleeping-branch.ts';
import { steer } from './wake-stand-in.ts';

const ORDER = { method: 'POST', body: 'order' } as const;
const SILENCE_MS = 600;

/** What an application does with the request that woke it, and what the visitor gets. */
const FAILURES: Record<string, { respond: Respond; status: number; body: unknown }> = {
  'crashes in mid-request': {
    respond: (_, response) => void response.destroy(),
    status: 502,
    body: expect.stringContaining('not repeated'),
  },
  'does not answer in time': {
    respond: () => undefined,
    status: 504,
    body: expect.stringContaining('not repeated'),
  },
  'answers late, but in time': {
    respond: (_, response) => void setTimeout(() => response.end('late'), SILENCE_MS),
    status: 200,
    body: 'late',
  },
  'answers 502 itself': own(502, 'its own'),
  'answers 503 itself': own(503, 'its own'),
  'answers 504 itself': own(504, 'its own'),
  'answers 502 without a body': own(502),
  'answers 503 without a body': own(503),
  'answers 504 without a body': own(504),
};

describeWith(['nginx'], 'an application that has just woken', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld({ variables: { application_timeout: '1s' } });
  });
  afterAll(() => world.close());

  const cases = (['awake', 'again'] as const).flatMap((way) =>
    Object.entries(FAILURES).map(([name, failure]) => ({ way, name, failure })),
  );
  // Guards `volatile` of $application_failure: its value of the first attempt, '', would have the request repeated.
  test.each(cases)('and, by @$way, $name, gets the request once', async ({ way, failure }) => {
    const branch = createSleepingBranch(world, failure.respond);
    let asked = 0;
    world.wake.answerWith('/hold', async () => {
      await branch.wake();
      return steer(asked++ === 0 ? way : 'awake');
    });
    const answer = await world.visit({ host: branch.host, ...ORDER });
    expect(answer).toMatchObject({ status: failure.status, body: failure.body });
    expect(branch.deliveries).toHaveLength(1);
    expect(asked).toBe(1);
  });

  test('and answers half of a body, gets the request once, and the visitor the half', async () => {
    const branch = createSleepingBranch(world, (_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => setTimeout(() => response.destroy(), 50));
    });
    wakeOnHold(world, branch);
    await expect(world.visit({ host: branch.host, ...ORDER })).rejects.toThrow('aborted');
    expect(branch.deliveries).toHaveLength(1);
  });

  test('is not asked again while it is awake and refuses a part of the requests', async () => {
    const branch = createSleepingBranch(world, (_, response) => void response.destroy());
    await branch.wake();
    const before = world.wake.callsOf('/hold').length;
    expect(await world.visit({ host: branch.host, ...ORDER })).toMatchObject({ status: 502 });
    expect(world.wake.callsOf('/hold').length).toBe(before);
    expect(branch.deliveries).toHaveLength(1);
  });
});

function own(status: number, body?: string) {
  const respond: Respond = (_, response) => void response.writeHead(status).end(body);
  return { respond, status, body: body ?? '' };
}
