import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith, partPath } from '../parts/part.ts';
import { createBranch, createNamespace } from '../world/branch-manifests.ts';
import { type ControlPlane, startControlPlane } from '../world/control-plane.ts';
import { findFreePorts } from '../world/free-ports.ts';
import { startGuarded } from '../world/guarded-process.ts';
import { createKubernetesApi, type KubernetesApi } from '../world/kubernetes-api.ts';
import { runScript } from './run-script.ts';
import { eventually } from './visits.ts';

const NAMESPACE = 'staging';

describeWith(['control-plane'], 'against a real API server', () => {
  let controlPlane: ControlPlane;
  let api: KubernetesApi;

  beforeAll(async () => {
    controlPlane = await startControlPlane({ assets: partPath('control-plane') });
    api = createKubernetesApi(controlPlane.server());
    await createNamespace(api, NAMESPACE);
  });
  afterAll(async () => {
    api?.close();
    await controlPlane?.stop();
  });

  const deployment = (name: string) => `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
  const replicas = async (name: string) =>
    (await api.get<{ spec: { replicas: number } }>(deployment(name))).spec.replicas;

  describe('npm run dev', () => {
    test('dev wakes a branch through kubectl proxy when it is told to, and ends with Ctrl-C', async () => {
      await createBranch(api, { namespace: NAMESPACE, name: 'asleep--g', workloads: [{ replicas: 0 }] });
      const [proxyPort = 0, wakePort = 0, sleepPort = 0] = await findFreePorts(3);
      const kubectl = path.join(partPath('control-plane'), 'kubectl');
      const kubeconfig = `--kubeconfig=${controlPlane.kubeconfigFile}`;
      const proxy = startGuarded(kubectl, [kubeconfig, 'proxy', `--port=${proxyPort}`]);
      const folder = await mkdtemp(path.join(tmpdir(), 'dormouse-dev-'));
      const dev = runScript(
        'test/dev/dev.ts',
        ['--wake-port', `${wakePort}`, '--sleep-port', `${sleepPort}`],
        {
          DORMOUSE_NAMESPACE: NAMESPACE,
          DORMOUSE_MODE: 'on',
          DORMOUSE_KUBERNETES_URL: `http://127.0.0.1:${proxyPort}`,
          DORMOUSE_SQLITE_FILE: path.join(folder, 'dev.sqlite'),
        },
      );
      await dev.untilPrinted('a sweep');
      const headers = { 'X-Dormouse-Host': 'asleep--g.example.com' };
      const touched = await fetch(`http://127.0.0.1:${wakePort}/touch`, { headers });
      expect(touched.status).toBe(204);
      expect(await replicas('asleep--g')).toBe(1);
      const swept = await fetch(`http://127.0.0.1:${sleepPort}/?dryRun=true`, { method: 'POST' });
      expect(await swept.json()).toMatchObject({ dryRun: true, branches: 1 });
      await dev.interrupt();
      await expect(fetch(`http://127.0.0.1:${wakePort}/touch`)).rejects.toThrow();
      await proxy.stop();
    });
  });

  describe('npm run demo -- --kubeconfig', () => {
    const run = (...args: string[]) =>
      runScript('test/demo/demo.ts', [
        '--kubeconfig',
        controlPlane.kubeconfigFile,
        '--namespace',
        NAMESPACE,
        ...args,
      ]);

    test('demo says what it would touch, and touches nothing unless it is told to', async () => {
      await createBranch(api, { namespace: NAMESPACE, name: 'shown--g', workloads: [{ replicas: 2 }] });
      const demo = run();
      expect(await demo.ended()).toBe(0);
      expect(demo.output()).toContain('shown--g: deployment/shown--g (2)');
      expect(demo.output()).toContain('Nothing was touched.');
    });

    test('demo wakes a branch of a real cluster by a visit when it is told to go on', async () => {
      await createBranch(api, { namespace: NAMESPACE, name: 'woken--g', workloads: [{ replicas: 0 }] });
      const demo = run('--yes');
      await demo.untilPrinted('A sweep:');
      const [, wakeUrl] = /(http:\/\/127\.0\.0\.1:\d+)\/touch/.exec(demo.output()) ?? [];
      await fetch(`${wakeUrl}/touch`, { headers: { 'X-Dormouse-Host': 'woken--g.example.com' } });
      await eventually(
        () => replicas('woken--g'),
        (count) => count === 1,
      );
      expect(await demo.interrupt()).toBe(0);
    });
  });
});

describeWith(['nginx'], 'npm run demo', () => {
  test('demo tells its story by itself and ends with a line of JSON', async () => {
    const demo = runScript('test/demo/demo.ts', ['--once']);
    expect(await demo.ended()).toBe(0);
    const story = JSON.parse(demo.output().trim().split('\n').at(-1) ?? '');
    expect(story).toMatchObject({ story: 'passed', warmFailures: 0 });
    expect(story.wakeMs).toBeLessThan(10_000);
    expect(story.touches).toBeGreaterThan(0);
  });

  test('demo leaves nothing running after Ctrl-C', async () => {
    const [port = 0] = await findFreePorts(1);
    const demo = runScript('test/demo/demo.ts', ['--port', `${port}`]);
    await demo.untilPrinted('Ctrl-C ends it all');
    expect(await demo.interrupt()).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});
