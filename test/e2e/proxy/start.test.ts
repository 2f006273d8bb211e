import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith, partPath } from '../../parts/part.ts';
import { type LogLine, type StagingProxyOptions, startStagingProxy } from '../../world/staging-proxy.ts';
import { visit } from './exchange.ts';
import { called, startProxyWorldForTest, until } from './proxy-world.ts';

const HOST = 'start--g.gyazo.example';

describeWith(['nginx'], 'the staging-proxy', () => {
  test('starts without DNS, and calls the function by its name once there is', async () => {
    let isDnsWell = false;
    const wakeFunction = (port: number) => `http://wake.test:${port}`;
    const world = await startProxyWorldForTest({ isDnsWell: () => isDnsWell, wakeFunction });
    expect(await world.visit({ host: HOST })).toMatchObject({ status: 503 });
    isDnsWell = true;
    expect(await world.visit({ host: `second-${HOST}` })).toMatchObject({ status: 200 });
    await called(world.wake, `second-${HOST}`);
    expect(world.wake.calls[0]?.headers.get('host')).toBe('wake.test');
  });

  test('has nothing to complain of when it starts, and again after a reload', async () => {
    const world = await startProxyWorldForTest();
    world.proxy.reload();
    expect(await world.visit({ host: HOST })).toMatchObject({ status: 200 });
    const said = world.proxy.errorLog().split('\n');
    expect(said.filter((line) => /\[(?:warn|error|crit|alert|emerg)\]/.test(line))).toEqual([]);
  });

  test('starts again after all its processes were killed', async () => {
    const world = await startProxyWorldForTest();
    expect(await world.visit({ host: HOST })).toMatchObject({ status: 200 });
    await world.proxy.kill();
    await expect(world.visit({ host: HOST })).rejects.toThrow('ECONNREFUSED');
    await world.proxy.start();
    expect(await world.visit({ host: HOST })).toMatchObject({ status: 200 });
  });

  test('serves on after a reload', async () => {
    const world = await startProxyWorldForTest();
    world.proxy.reload();
    for (let n = 0; n < 20; n++) expect(await world.visit({ host: HOST })).toMatchObject({ status: 200 });
  });

  test("says in nginx's words why it does not start", async () => {
    const started = startStagingProxy({ ...nowhere(), variables: { listen: 'nowhere:http' } });
    await expect(started).rejects.toThrow(/\[emerg\].*nowhere/);
  });

  test('does not outlive the process that started it, even one that was killed', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'killed-parent-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // The workers, who are somebody else when root starts nginx, must get through.
    chmodSync(folder, 0o711);
    const script = `import { startStagingProxy } from '${import.meta.resolve('../../world/staging-proxy.ts')}';
      const { port } = await startStagingProxy(${JSON.stringify(nowhere())});
      console.log(port);`;
    const env = { ...process.env, TMPDIR: folder };
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { env });
    const [port] = await once(parent.stdout, 'data');
    const ask = () =>
      visit(Number(port), { host: HOST }).then(
        () => 'served',
        () => 'gone',
      );
    expect(await ask()).toBe('served');
    parent.kill('SIGKILL');
    await expect.poll(ask, { timeout: 5_000 }).toBe('gone');
  });

  test('logs each visit and each touch as JSON', async () => {
    const world = await startProxyWorldForTest();
    await world.visit({ host: HOST, path: '/a"b?c' });
    const has = (part: LogLine) => world.proxy.accessLog().some((line) => isSubset(part, line));
    const visit = { branch: 'start--g', uri: '/a"b?c', status: '200', upstreamStatus: '200' };
    await until(
      () => has(visit) && has({ touch: HOST, upstreamStatus: '204' }),
      () => JSON.stringify(world.proxy.accessLog()),
    );
  });
});

/** What starts a proxy that has nobody to talk to. */
function nowhere(): StagingProxyOptions {
  const dead = { dnsPort: 9, metadataHost: '127.0.0.1:9', wakeFunction: 'http://127.0.0.1:9' };
  return { nginx: partPath('nginx'), serviceDomain: 'staging.svc.cluster.local:80', ...dead };
}

function isSubset(part: LogLine, whole: LogLine): boolean {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}
