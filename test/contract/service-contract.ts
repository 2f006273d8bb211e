import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startServiceNetwork } from '../world/service-network.ts';
import { ask, type KubeletFixture, NAMESPACE, REFUSED, SETTLES } from './kubelet-fixture.ts';

type World = () => KubeletFixture;

/** What a Service promises, and the application behind it. */
export function serviceContract(server: string, world: World): void {
  services(server, world);
  defaultApplication(server, world);
}

function services(server: string, world: World): void {
  describe(`a Service, on ${server}`, () => {
    it('sends connections to its pods in turn', async () => {
      await world().create({ name: 'turns--g', workloads: [{ replicas: 2 }] });
      await world().becomesReady('turns--g');
      const seen = new Set<string>();
      const countPods = async () => seen.add((await world().echo('turns--g')).pod).size;
      await expect.poll(countPods, SETTLES).toBe(2);
      const before = world().kubelet.requests('turns--g');
      const echoes = await Promise.all(Array.from({ length: 10 }, () => world().echo('turns--g')));
      const counts = Object.values(Object.groupBy(echoes, ({ pod }) => pod)).map((group) => group?.length);
      expect(counts).toEqual([5, 5]);
      expect(world().kubelet.requests('turns--g')).toBe(before + 10);
    });

    it('serves the branch alone, not its companions', async () => {
      await world().create({ name: 'main--g', workloads: [{}, { name: 'worker' }] });
      await expect
        .poll(() => world().workload('deployment/worker'), SETTLES)
        .toMatchObject({ status: { availableReplicas: 1 } });
      await world().becomesReady('main--g');
      for (let visit = 0; visit < 4; visit += 1) {
        expect((await world().echo('main--g')).pod).toMatch(/^main--g-/);
      }
    });

    it('without an address of its own has no name until a pod is there', async () => {
      await world().create({ name: 'headless--g', isHeadless: true, workloads: [{ replicas: 0 }] });
      const name = `headless--g.${NAMESPACE}.svc.cluster.local`;
      await expect
        .poll(() => world().api.get(`/api/v1/namespaces/${NAMESPACE}/services/headless--g`), SETTLES)
        .toMatchObject({ spec: { clusterIP: 'None' } });
      expect(world().network.resolve(name)).toBeUndefined();
      await world().scale('deployment/headless--g', 1);
      await expect.poll(() => world().network.resolve(name), SETTLES).toMatch(/^127\./);
      await world().becomesReady('headless--g');
    });

    it('has another address in another world that uses the same port', async () => {
      const { api, kubelet, network } = world();
      await world().create({ name: 'shared--g' });
      await world().becomesReady('shared--g');
      const other = await startServiceNetwork({ api, namespace: NAMESPACE, kubelet, port: network.port });
      await expect.poll(() => other.addressOf('shared--g'), SETTLES).toBeDefined();
      expect(other.addressOf('shared--g')).not.toBe(network.addressOf('shared--g'));
      const url = `http://${other.addressOf('shared--g')}:${other.port}/`;
      await expect.poll(() => ask(url).catch(() => undefined), SETTLES).toMatchObject({ status: 200 });
      other.stop();
      await expect(ask(url)).rejects.toEqual(REFUSED);
    });
  });
}

function defaultApplication(server: string, world: World): void {
  describe(`the default application, on ${server}`, () => {
    beforeAll(async () => {
      await world().create({ name: 'app--g' });
      await world().becomesReady('app--g');
    });

    it('says what it received, byte for byte', async () => {
      const body = 'x'.repeat(300_000);
      const headers = { 'X-Twice': ['a', 'b'], Cookie: 'a=1; b=2' };
      const answer = await ask(world().urlOf('app--g', '/a%2Fb//c?x=%26'), { method: 'POST', headers }, body);
      const echo = JSON.parse(answer.body);
      expect(echo).toMatchObject({
        method: 'POST',
        path: '/a%2Fb//c?x=%26',
        bodyBytes: body.length,
        bodySha256: createHash('sha256').update(body).digest('hex'),
      });
      expect(echo.rawHeaders.slice(0, 6)).toEqual(['X-Twice', 'a', 'X-Twice', 'b', 'Cookie', 'a=1; b=2']);
    });

    it('answers the status that it is asked for', async () => {
      expect(await world().visit('app--g', '/status?code=503')).toMatchObject({ status: 503 });
    });

    it('cuts the connection after the body when it is told to crash', async () => {
      const before = world().kubelet.requests('app--g');
      await expect(world().visit('app--g', '/crash', { method: 'POST' })).rejects.toThrow(/socket hang up/);
      expect(world().kubelet.requests('app--g')).toBe(before + 1);
    });

    it('sends events until the visitor leaves', async () => {
      const leaving = new AbortController();
      const response = await fetch(world().urlOf('app--g', '/sse'), { signal: leaving.signal });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let received = '';
      while (!received.includes('id: 1')) received += (await reader?.read())?.value;
      expect(received).toMatch(/^id: 0\ndata: tick\n\nid: 1\ndata: tick\n\n/);
      leaving.abort();
    });

    it('sends back what comes by WebSocket, text and bytes', async () => {
      const socket = new WebSocket(world().urlOf('app--g', '/socket'));
      await once(socket, 'open');
      socket.send('hello');
      expect((await once(socket, 'message')).map(String)).toEqual(['hello', 'false']);
      socket.send(Buffer.from([0, 255]));
      expect((await once(socket, 'message'))[0]).toEqual(Buffer.from([0, 255]));
      socket.close();
    });

    it('gives way to one that a branch brings', async () => {
      await world().create(
        { name: 'own--g' },
        { app: (pod) => (_request, response) => response.end(`own ${pod.metadata.namespace}`) },
      );
      await world().becomesReady('own--g');
      expect(await world().visit('own--g')).toEqual({ status: 200, body: `own ${NAMESPACE}` });
    });
  });
}
