import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type ProxyWorld, startProxyWorld } from './proxy-world.ts';
import { createSleepingBranch, wakeOnHold } from './sleeping-branch.ts';
import { steer } from './wake-stand-in.ts';

const PLACES = [
  '@asleep',
  '@awake',
  '@rehold',
  '@again',
  '@page',
  '@down',
  '/.dormouse/internal/touch',
  '/.dormouse/internal/heartbeat',
  '/.dormouse/internal/identity',
  '/.dormouse/progress',
  '/throttle',
  '/touch',
  '/identity-token',
];
const WAYS = ['the warm path', '@awake', '@again'] as const;

describeWith(['nginx'], 'X-Accel-Redirect', () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world.close());

  const cases = WAYS.flatMap((way) => PLACES.map((place) => [way, place] as const));
  test.each(cases)(
    'of an application that is reached by %s and names %s leads nowhere',
    async (way, place) => {
      const branch = createSleepingBranch(world, (_, response) => {
        const steering = {
          'X-Accel-Redirect': place,
          'X-Accel-Limit-Rate': '1',
          'X-Accel-Charset': 'koi8-r',
        };
        response.writeHead(200, steering).end('its own answer');
      });
      if (way === 'the warm path') await branch.wake();
      wakeOnHold(world, branch, way === '@again' ? 'again' : 'awake');
      const answer = await world.visit({ host: branch.host, method: 'POST', body: 'order' });
      expect(answer).toMatchObject({ status: 200, body: 'its own answer' });
      expect(answer.headers).not.toHaveProperty('x-identity');
      expect(answer.headers).not.toHaveProperty('x-accel-redirect');
      expect(branch.deliveries).toHaveLength(1);
    },
  );

  test('of the page leads nowhere: only /hold steers', async () => {
    const { host } = createSleepingBranch(world);
    world.wake.answerWith('/hold', () => steer('page'));
    const headers = { 'X-Accel-Redirect': '/.dormouse/internal/identity' };
    world.wake.answerWith('/page', () => ({ status: 503, headers, body: 'a page' }));
    const answer = await world.visit({ host });
    expect(answer).toMatchObject({ status: 503, body: 'a page' });
    expect(answer.headers).not.toHaveProperty('x-identity');
  });

  test.each(PLACES.filter((place) => place.includes('internal')))(
    'is not needed to be kept out of %s: a visitor who asks for it gets 404',
    async (path) => {
      expect(await world.visit({ host: 'inside--g.gyazo.example', path })).toMatchObject({ status: 404 });
    },
  );
});
