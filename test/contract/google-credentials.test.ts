import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import {
  type MetadataServer,
  type MetadataServerOptions,
  startMetadataServer,
} from '../world/metadata-server.ts';

const PROBE = path.join(import.meta.dirname, 'probes/google-credentials-probe.ts');
const cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0)) await clean();
});

async function startMetadata(options: MetadataServerOptions = {}): Promise<MetadataServer> {
  const metadata = await startMetadataServer(options);
  cleanUp.push(metadata.close);
  return metadata;
}

/** Asks in a process of its own, as on Cloud Run: google-auth-library reads the environment. */
async function ask(
  metadata: MetadataServer,
  calls: readonly string[],
  folderOnPath = '',
): Promise<readonly string[]> {
  const env = {
    PATH: folderOnPath,
    K_SERVICE: 'wake',
    GCE_METADATA_HOST: metadata.host,
    METADATA_SERVER_DETECTION: 'assume-present',
  };
  const { stdout } = await promisify(execFile)(process.execPath, [PROBE, ...calls], { env });
  return JSON.parse(stdout);
}

const bearer = (number: number) => JSON.stringify({ authorization: `Bearer access-token-${number}` });

test('createGoogleCredentials fetches one token for many calls, with the scopes that Kubernetes needs', async () => {
  const metadata = await startMetadata();
  expect(await ask(metadata, ['keep', 'keep', 'keep'])).toEqual([bearer(1), bearer(1), bearer(1)]);
  const [request, ...others] = metadata.requests.filter(({ path }) => path.endsWith('/token'));
  expect(others).toEqual([]);
  expect(request?.query.get('scopes')).toBe(
    'https://www.googleapis.com/auth/cloud-platform,https://www.googleapis.com/auth/userinfo.email',
  );
});

test('createGoogleCredentials shares one fetch between calls at the same time', async () => {
  const metadata = await startMetadata();
  expect(await ask(metadata, ['--together'])).toEqual([bearer(1), bearer(1), bearer(1)]);
});

test('createGoogleCredentials fetches a new token when less than five minutes are left, and not before', async () => {
  const soon = await startMetadata({ expiresInSeconds: () => 299 });
  expect(await ask(soon, ['keep', 'keep'])).toEqual([bearer(1), bearer(2)]);
  const later = await startMetadata({ expiresInSeconds: () => 330 });
  expect(await ask(later, ['keep', 'keep'])).toEqual([bearer(1), bearer(1)]);
});

test('createGoogleCredentials fetches a new token when told to renew, and keeps that one', async () => {
  const metadata = await startMetadata();
  expect(await ask(metadata, ['keep', 'renew', 'keep'])).toEqual([bearer(1), bearer(2), bearer(2)]);
});

test('createGoogleCredentials gives up in time on a metadata server that hangs, and asks anew the next time', async () => {
  const metadata = await startMetadata();
  metadata.setMood('hang');
  const answers = ask(metadata, ['keep', 'keep']);
  await expect.poll(() => metadata.requests.length, { timeout: 10_000 }).toBe(1);
  metadata.setMood('well');
  expect(await answers).toEqual(['Error: no Google credentials: no token within 500 ms', bearer(1)]);
});

test('createGoogleCredentials tells why there is no token', async () => {
  const metadata = await startMetadata();
  metadata.setMood({ status: 404 });
  const [answer] = await ask(metadata, ['keep']);
  expect(answer).toMatch(/^Error: no Google credentials: Could not refresh access token: .*told to fail/);
});

test('createGoogleCredentials never starts gcloud', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'dormouse-gcloud-'));
  cleanUp.push(() => rm(folder, { recursive: true }));
  const gcloud = path.join(folder, 'gcloud');
  await writeFile(gcloud, `#!/bin/sh\n: > ${folder}/started\n`);
  await chmod(gcloud, 0o755);
  expect(await ask(await startMetadata(), ['keep'], folder)).toEqual([bearer(1)]);
  expect(existsSync(path.join(folder, 'started'))).toBe(false);
});
