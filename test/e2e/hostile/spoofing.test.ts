import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { called, type ProxyWorld, startProxyWorld, until } from '../proxy/proxy-world.ts';
import { createSleepingBranch } from '../proxy/sleeping-branch.ts';
import { steer, type WakeCall } from '../proxy/wake-stand-in.ts';

const FORGED_HOST = 'forged--g.gyazo.example';
const FORGED = 'Bearer forged';

/** In every spelling that nginx takes for the same variable. */
const SPOOFED: Readonly<Record<string, string>> = {
  ...spelled('X-Dormouse-Host', FORGED_HOST),
  ...spelled('X-Dormouse-Branch', 'forged--g'),
  ...spelled('X-Dormouse-Proxy', 'forged'),
  ...spelled('X-Dormouse-Method', 'DELETE'),
  ...spelled('X-Dormouse-Accept', 'text/html'),
  ...spelled('X-Dormouse-Language', 'tlh'),
  ...spelled('X-Dormouse-Fetch', 'document'),
  ...spelled('X-Dormouse-Script', '1'),
  ...spelled('X-Dormouse-Tried', '299, 299'),
  ...spelled('X-Dormouse-Round', '5'),
  ...spelled('X-Dormouse-Waited', '3600'),
  ...spelled('X-Identity', FORGED),
  Authorization: FORGED,
  'X-Serverless-Authorization': FORGED,
  Accept: 'application/json',
};
const ORDER = { method: 'POST', body: 'order', headers: SPOOFED } as const;

describeWith(['nginx'], "a visitor who sends nginx's own headers", () => {
  let world: ProxyWorld;

  beforeAll(async () => {
    world = await startProxyWorld();
  });
  afterAll(() => world?.close());

  function expectUnforged(call: WakeCall | undefined, host: string): void {
    const { headers } = call ?? { headers: new Map<string, string>() };
    expect(headers.get('x-dormouse-host')).toBe(host);
    expect(headers.get('authorization')).toMatch(/^Bearer ey/);
    const told = [...headers].filter(([name]) => name.startsWith('x-dormouse')).map(([, value]) => value);
    expect(told.join()).not.toMatch(/forged|DELETE|tlh|document|3600|299/);
    expect([...headers.keys()].filter((name) => name.includes('_'))).toEqual([]);
  }

  test('does not change what a touch says', async () => {
    const host = 'touched--g.gyazo.example';
    await world.visit({ host, ...ORDER });
    await called(world.wake, host);
    const [call] = world.wake.callsOf('/touch', host);
    expectUnforged(call, host);
    expect(call?.headers.has('x-dormouse-method')).toBe(false);
    expect(world.wake.hosts()).not.toContain(FORGED_HOST);
  });

  test('does not change what a hold and its page say', async () => {
    const { host } = createSleepingBranch(world);
    world.wake.answerWith('/hold', () => steer('page'));
    expect(await world.visit({ host, ...ORDER })).toMatchObject({ status: 503 });
    for (const path of ['/hold', '/page'] as const) {
      const [call] = world.wake.callsOf(path, host);
      expectUnforged(call, host);
      expect(call?.headers.get('x-dormouse-method')).toBe('POST');
      expect(call?.headers.get('x-dormouse-round')).toBe('0');
      expect(call?.headers.get('x-dormouse-waited')).toMatch(/^\d+\.\d{3}$/);
    }
  });

  test('does not change what the next rounds of a hold say', async () => {
    const { host } = createSleepingBranch(world);
    const isFirst = () => world.wake.callsOf('/hold', host).length === 1;
    world.wake.answerWith('/hold', () => steer(isFirst() ? 'again' : 'page'));
    await world.visit({ host, ...ORDER });
    const [, second] = world.wake.callsOf('/hold', host);
    expectUnforged(second, host);
    expect(second?.headers.get('x-dormouse-round')).toBe('1');
    expect(second?.headers.get('x-dormouse-waited')).toMatch(/^\d+\.\d{3},+\d+\.\d{3}$/);
  });

  test('does not change what the progress is told of', async () => {
    const host = 'progress--g.gyazo.example';
    await world.visit({ host, path: '/.dormouse/progress', headers: SPOOFED });
    const [call] = world.wake.callsOf('/progress');
    expectUnforged(call, host);
    expect(world.wake.callsOf('/touch', host)).toEqual([]);
  });

  test('cannot beat in the name of another proxy', async () => {
    await world.visit({ host: 'x', path: '/.dormouse/health', headers: SPOOFED });
    const beats = () => world.wake.callsOf('/touch', 'heartbeat');
    await until(
      () => beats().length > 0,
      () => 'no heartbeat came',
    );
    expect(beats()[0]?.headers.get('x-dormouse-proxy')).not.toBe('forged');
  });

  test('is told the truth about the place: an address in the request line wins over Host for both', async () => {
    const host = 'addressed--g.gyazo.example';
    await world.visit({ host: 'named--g.gyazo.example', path: `http://${host}/a?b=c` });
    await called(world.wake, host);
    const head = world.application.heads.at(-1) ?? '';
    expect(head).toMatch(/^GET \/a\?b=c HTTP/);
    expect(/^Host: (.*)$/m.exec(head)?.[1]?.trim()).toBe(host);
    expect(world.wake.hosts()).not.toContain('named--g.gyazo.example');
  });
});

function spelled(name: string, value: string): Record<string, string> {
  return {
    [name]: value,
    [name.replaceAll('-', '_')]: value,
    [name.replace('Dormouse-', 'Dormouse_')]: value,
  };
}
