import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { called, startProxyWorldForTest, until } from './proxy-world.ts';

const HOST = 'tls--g.gyazo.example';
let folder = '';

describeWith(['nginx'], 'a touch over TLS', () => {
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'staging-proxy-tls-'));
    chmodSync(folder, 0o755);
    createCertificate('wake.test');
    createCertificate('other.test');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("asks for the function by its name and accepts that name's certificate", async () => {
    const world = await startTlsWorld('wake.test');
    await world.visit({ host: HOST });
    await called(world.wake, HOST);
    expect(world.wake.calls[0]).toMatchObject({ line: 'GET /touch', serverName: 'wake.test' });
    expect(world.wake.calls[0]?.headers.get('host')).toBe('wake.test');
  });

  test('is not made to a server that has the certificate of another name', async () => {
    const world = await startTlsWorld('other.test');
    expect(await world.visit({ host: HOST })).toMatchObject({ status: 200 });
    await untilRefused(world.proxy.errorLog, 'does not match');
    expect(world.wake.calls).toEqual([]);
  });

  test('is not made to a server whose certificate nobody trusts', async () => {
    const world = await startTlsWorld('wake.test', 'other.test');
    expect(await world.visit({ host: HOST })).toMatchObject({ status: 200 });
    await untilRefused(world.proxy.errorLog, 'certificate verify error');
    expect(world.wake.calls).toEqual([]);
  });
});

function startTlsWorld(name: string, trusted = name) {
  return startProxyWorldForTest({
    wakeFunction: (port) => `https://wake.test:${port}`,
    certificate: {
      key: readFileSync(pem(name, 'key'), 'utf8'),
      cert: readFileSync(pem(name, 'cert'), 'utf8'),
    },
    variables: { ca_certificates: pem(trusted, 'cert') },
  });
}

function untilRefused(errorLog: () => string, reason: string): Promise<void> {
  return until(() => errorLog().includes(reason), errorLog);
}

function pem(name: string, part: 'key' | 'cert'): string {
  return path.join(folder, `${name}.${part}.pem`);
}

function createCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', pem(name, 'key')];
  const options = ['req', '-x509', '-days', '2', ...subject, ...key, '-out', pem(name, 'cert')];
  execFileSync('openssl', options, { stdio: 'ignore' });
}
