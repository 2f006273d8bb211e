import { describe, expect, test } from 'vitest';
import { createTouchRoute, type TouchDependencies } from '../../functions/touch.ts';
import { createWakeFunction } from '../../functions/wake.ts';
import { ClusterError, StoreError } from '../../shared/ports.ts';
import { recordingLog, serve } from './serve.ts';

const AWAKE = { outcome: 'awake', stamp: { stamp: 'written' } } as const;

async function wakeServer(changes: Partial<TouchDependencies> = {}) {
  const { log, entries } = recordingLog();
  const touched: string[] = [];
  const url = await serve(
    'wake',
    createWakeFunction({
      '/touch': createTouchRoute({
        touch: async (branch) => {
          touched.push(branch);
          return AWAKE;
        },
        stampHeartbeat: async () => {},
        stampBackground: async () => 'stamped',
        log,
        ...changes,
      }),
    }),
  );
  const send = (headers: Record<string, string>, path = '/touch', method = 'GET') =>
    fetch(url + path, { headers, method });
  return { send, entries, touched };
}

describe('GET /touch', () => {
  test('wake answers 204 without a body, for the branch that the host names', async () => {
    const { send, touched } = await wakeServer();
    const answer = await send({ 'X-Dormouse-Host': 'my-branch--g.example.com' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('content-type')).toBeNull();
    expect(await answer.text()).toBe('');
    expect(touched).toEqual(['my-branch--g']);
  });

  test.each([
    ['', 'missing'],
    ['example.com', 'not a branch host'],
    ['a--g,b--g', 'not a branch host'],
    [`${'a'.repeat(300)}--g`, 'at most 253'],
  ])('wake refuses the host %j with 400, says why, and touches nothing', async (host, reason) => {
    const { send, touched, entries } = await wakeServer();
    const answer = await send({ 'X-Dormouse-Host': host });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toHaveProperty('detail', expect.stringContaining(reason));
    expect(touched).toEqual([]);
    expect(entries).toHaveLength(1);
  });

  test('wake logs the touch that was written, and not those of the same moment', async () => {
    const stamps = [{ stamp: 'written' }, { stamp: 'throttled' }, { stamp: 'throttled' }] as const;
    const left = [...stamps];
    const touch = async () => ({ ...AWAKE, stamp: left.shift() ?? stamps[0] });
    const { send, entries } = await wakeServer({ touch });
    for (const _ of stamps) await send({ 'X-Dormouse-Host': 'a--g.example.com' });
    expect(entries).toEqual([expect.objectContaining({ severity: 'DEBUG', stamp: { stamp: 'written' } })]);
  });

  test('wake answers 404 for a branch that does not exist', async () => {
    const { send } = await wakeServer({ touch: async () => ({ outcome: 'no-such-branch' }) });
    const answer = await send({ 'X-Dormouse-Host': 'gone--g.example.com' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toHaveProperty('detail', 'there is no branch gone--g');
  });

  test('wake answers 503 and logs an error when the visit could not be written', async () => {
    const stamp = { stamp: 'failed', problem: 'read-only' } as const;
    const { send, entries } = await wakeServer({ touch: async () => ({ outcome: 'awake', stamp }) });
    const answer = await send({ 'X-Dormouse-Host': 'a--g.example.com' });
    expect(answer.status).toBe(503);
    expect(entries).toEqual([
      expect.objectContaining({ severity: 'ERROR', branch: 'a--g', problem: 'read-only' }),
    ]);
  });

  test('wake answers 503 and names the workload when one could not be woken', async () => {
    const woken = [{ ref: 'deployment/a--g', replicas: 2, outcome: 'failed', problem: 'forbidden' }] as const;
    const { send, entries } = await wakeServer({
      touch: async () => ({ ...AWAKE, outcome: 'woken', woken }),
    });
    expect((await send({ 'X-Dormouse-Host': 'a--g.example.com' })).status).toBe(503);
    expect(entries[0]).toHaveProperty('problem', 'deployment/a--g could not be woken: forbidden');
  });

  test('wake answers 503 when Kubernetes cannot be asked', async () => {
    const touch = () => Promise.reject(new ClusterError('unreachable'));
    const { send, entries } = await wakeServer({ touch });
    expect((await send({ 'X-Dormouse-Host': 'a--g.example.com' })).status).toBe(503);
    expect(entries[0]).toMatchObject({ severity: 'ERROR', branch: 'a--g', problem: 'unreachable' });
  });

  test('wake logs one line a touch, with its trace', async () => {
    const { send, entries } = await wakeServer();
    const trace = `${'1'.repeat(32)}/2;o=1`;
    await send({ 'X-Dormouse-Host': 'a--g.example.com', 'X-Cloud-Trace-Context': trace });
    expect(entries).toEqual([
      expect.objectContaining({ event: 'touch', branch: 'a--g', outcome: 'awake', trace }),
    ]);
  });

  test.each([
    ['POST', '/touch', 405],
    ['GET', '/', 404],
    ['GET', '/touch/../x', 404],
  ])('wake refuses %s %s with %i', async (method, path, status) => {
    const { send, touched } = await wakeServer();
    expect((await send({ 'X-Dormouse-Host': 'a--g.example.com' }, path, method)).status).toBe(status);
    expect(touched).toEqual([]);
  });
});

describe('background activity', () => {
  test.each([
    ['1', true],
    ['', false],
    ['0', false],
  ])('wake takes X-Dormouse-Background: %j for %j', async (value, isBackground) => {
    const kinds: unknown[] = [];
    const { send } = await wakeServer({
      touch: async (_, options) => {
        kinds.push(options);
        return AWAKE;
      },
    });
    await send({ 'X-Dormouse-Host': 'my-branch--g.example.com', 'X-Dormouse-Background': value });
    expect(kinds).toEqual([{ isBackground }]);
  });
});

describe('heartbeat', () => {
  test('wake records the heartbeat of the proxy that sent it and touches nothing', async () => {
    const proxies: string[] = [];
    const { send, touched } = await wakeServer({ stampHeartbeat: async (proxy) => void proxies.push(proxy) });
    const answer = await send({ 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': 'staging-proxy-7d4-x2' });
    expect(answer.status).toBe(204);
    expect(proxies).toEqual(['staging-proxy-7d4-x2']);
    expect(touched).toEqual([]);
  });

  test.each(['', 'a/b', 'x'.repeat(101)])(
    'wake refuses a heartbeat of the proxy %j with 400',
    async (proxy) => {
      const { send } = await wakeServer();
      const answer = await send({ 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': proxy });
      expect(answer.status).toBe(400);
    },
  );

  test('wake refuses heartbeats of ever new proxies with 429, says so, and writes none of them', async () => {
    const proxies = new Set<string>();
    const stampHeartbeat = async (proxy: string) => void proxies.add(proxy);
    const { send, entries } = await wakeServer({ stampHeartbeat });
    const beat = (proxy: string) => send({ 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': proxy });
    for (let n = 0; n < 100; n += 1) expect((await beat(`nginx-${n}`)).status).toBe(204);
    expect((await beat('nginx-100')).status).toBe(429);
    expect((await beat('nginx-7')).status).toBe(204);
    expect(proxies.size).toBe(100);
    expect(entries).toEqual([expect.objectContaining({ severity: 'WARNING', proxy: 'nginx-100' })]);
  });

  test('wake answers 503 when the heartbeat could not be written', async () => {
    const { send, entries } = await wakeServer({
      stampHeartbeat: () => Promise.reject(new StoreError('read-only')),
    });
    const answer = await send({ 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': 'a' });
    expect(answer.status).toBe(503);
    expect(entries[0]).toMatchObject({ severity: 'ERROR', proxy: 'a', problem: 'read-only' });
  });

  describe('of a proxy with open connections', () => {
    const beat = { 'X-Dormouse-Host': 'heartbeat', 'X-Dormouse-Proxy': 'a' };

    async function beating(failing?: string) {
      const written: string[] = [];
      const server = await wakeServer({
        stampHeartbeat: async (proxy) => void written.push(`heartbeat of ${proxy}`),
        stampBackground: async (branch) => {
          if (branch === failing) throw new StoreError('too slow');
          written.push(branch);
          return 'missing';
        },
      });
      return { ...server, written };
    }

    test('wake stamps their branches first, each once, and ignores what is no branch', async () => {
      const { send, written } = await beating();
      const answer = await send({ ...beat, 'X-Dormouse-Open': 'one--g, two--g,one--g,../x,,NO--g' });
      expect(answer.status).toBe(204);
      expect(written).toEqual(['one--g', 'two--g', 'heartbeat of a']);
    });

    test('wake takes no heartbeat when one of them could not be stamped', async () => {
      const { send, written, entries } = await beating('two--g');
      const answer = await send({ ...beat, 'X-Dormouse-Open': 'one--g,two--g' });
      expect(answer.status).toBe(503);
      expect(written).toEqual(['one--g']);
      expect(entries[0]).toMatchObject({ severity: 'ERROR', event: 'heartbeat', problem: 'too slow' });
    });

    test('wake stamps a hundred of them and no more', async () => {
      const { send, written } = await beating();
      const names = Array.from({ length: 150 }, (_, index) => `b${index}--g`);
      await send({ ...beat, 'X-Dormouse-Open': names.join(',') });
      expect(written).toEqual([...names.slice(0, 100), 'heartbeat of a']);
    });
  });
});
