import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createArchive } from '../../functions/package/create-archive.ts';
import { judgeWeight } from '../../functions/package/judge-weight.ts';
import { weighBundle } from '../../functions/package/weigh-bundle.ts';
import { describeWith, partPath } from '../parts/part.ts';
import { createBranch, createNamespace } from '../world/branch-manifests.ts';
import { type EmbeddedKubernetes, startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { startFirestoreEmulator } from '../world/firestore-emulator.ts';
import { createKubernetesApi, type KubernetesApi } from '../world/kubernetes-api.ts';
import { installArchive, unpackArchive } from '../world/packaged-archive.ts';
import { type ArchiveOptions, runArchive, serveArchive } from './archive-process.ts';
import { runScript } from './run-script.ts';
import { eventually } from './visits.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NAMESPACE = 'staging';
const run = promisify(execFile);

let archive: Uint8Array;
let folder = '';
let files: Record<string, string> = {};

beforeAll(async () => {
  archive = await createArchive(ROOT);
  const unzipped = Object.entries(unzipSync(archive));
  files = Object.fromEntries(unzipped.map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));
  folder = await unpack('dormouse-archive-');
  await installArchive(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function unpack(prefix: string): Promise<string> {
  const to = mkdtempSync(path.join(tmpdir(), prefix));
  await unpackArchive(archive, to);
  return to;
}

describe('the archive', () => {
  test('is the same to the byte, made again in another time zone', async () => {
    const script = runScript('functions/package/package.ts', [], { TZ: 'Asia/Tokyo' });
    expect(await script.ended()).toBe(0);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    expect(script.output()).toBe(`dist/dormouse.zip: ${archive.length} bytes, sha256 ${sha256}\n`);
  });

  test('holds what the functions run, and nothing else', () => {
    const chunk = /^bundle\/[A-Za-z0-9._-]+-[A-Z0-9]{8}\.mjs$/;
    expect(Object.keys(files).filter((name) => !chunk.test(name))).toEqual([
      'LICENSE',
      'LICENSES.txt',
      'index.mjs',
      'package-lock.json',
      'package.json',
      'warm-up.mjs',
    ]);
  });

  test('tells nothing of the machine that made it, and has no source maps', () => {
    for (const [name, content] of Object.entries(files)) {
      expect(content.includes(ROOT), name).toBe(false);
      expect(content.includes('sourceMappingURL=data:'), name).toBe(false);
      expect(/\n\/\/# sourceMappingURL=\S+\s*$/.test(content), name).toBe(false);
    }
  });

  test('installs functions-framework alone, locked, from whatever registry is at hand', () => {
    const manifest = JSON.parse(files['package.json'] ?? '');
    const { packages } = JSON.parse(files['package-lock.json'] ?? '') as LockFile;
    const { '': self, ...locked } = packages;
    expect(Object.keys(manifest.dependencies)).toEqual(['@google-cloud/functions-framework']);
    expect(manifest.scripts).not.toHaveProperty('build');
    expect(self).toEqual(manifest);
    for (const [place, { integrity, resolved, dev }] of Object.entries(locked)) {
      expect({ place, integrity, resolved, dev }).toEqual({
        place,
        integrity: expect.stringMatching(/^sha/),
      });
    }
  });

  test('says under which terms each bundled package is passed on', () => {
    for (const name of ['@kubernetes/client-node', 'google-auth-library', 'zod']) {
      expect(files['LICENSES.txt']).toMatch(
        new RegExp(`^==== ${name} [\\d.]+ \\((MIT|Apache-2.0)\\)\n.`, 'm'),
      );
    }
  });

  test('does nothing when it is loaded without FUNCTION_TARGET', async () => {
    const look = '[process.eventNames(), process.getActiveResourcesInfo().length, Object.keys(globalThis)]';
    const code = `const look = () => JSON.stringify(${look}); const before = look();
      await import('./index.mjs'); console.log(before === look());`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: folder,
      env: {},
    });
    expect([stdout, stderr]).toEqual(['true\n', '']);
  });

  test('refuses to start in a wrong environment, and names all that is wrong', async () => {
    const env = { DORMOUSE_CLUSTER: 'Staging', DORMOUSE_IDEL_AFTER: '5' };
    const { code, output } = await runArchive({ folder, target: 'wake', env });
    expect(code).toBe(1);
    for (const name of ['DORMOUSE_CLUSTER', 'DORMOUSE_NAMESPACE', 'DORMOUSE_IDEL_AFTER']) {
      expect(output).toContain(name);
    }
  });

  test('fills a compile cache in the build, with the SDKs that a hold needs', async () => {
    await run('npm', ['run', 'gcp-build'], { cwd: folder });
    const cache = path.join(folder, '.compile-cache');
    const [keyed] = readdirSync(cache);
    expect(readdirSync(path.join(cache, keyed ?? '')).length).toBeGreaterThan(100);
  });

  test('fails no build whose compile cache cannot be filled', async () => {
    const bare = await unpack('dormouse-bare-');
    const { stderr } = await run(process.execPath, ['warm-up.mjs'], { cwd: bare });
    rmSync(bare, { recursive: true });
    expect(stderr).toMatch(/^no compile cache: /);
  });
});

type LockFile = { packages: Record<string, { integrity?: string; resolved?: string; dev?: boolean }> };

describe('the weight of the archive', () => {
  test('is what was recorded, give or take 10 %, and no start loads a package that is not on the list', async () => {
    const recorded = JSON.parse(readFileSync(path.join(ROOT, 'functions/package/weight.json'), 'utf8'));
    expect(judgeWeight(recorded, await weighBundle(ROOT))).toEqual([]);
  });
});

describe('the functions of the archive', () => {
  let kubernetes: EmbeddedKubernetes;
  let api: KubernetesApi;

  beforeAll(async () => {
    kubernetes = await startEmbeddedKubernetes();
    api = createKubernetesApi(kubernetes);
    await createNamespace(api, NAMESPACE);
  });
  afterAll(async () => {
    api?.close();
    await kubernetes?.stop();
  });

  const serve = (target: ArchiveOptions['target'], store: Record<string, string>) =>
    serveArchive({
      folder,
      target,
      env: {
        DORMOUSE_CLUSTER: 'miniature',
        DORMOUSE_NAMESPACE: NAMESPACE,
        DORMOUSE_KUBERNETES_URL: kubernetes.url,
        DORMOUSE_HOLD_LIMIT_SECONDS: '2',
        ...store,
      },
    });

  const ask = (url: string, host: string, where: string) =>
    fetch(`${url}${where}`, { headers: { 'X-Dormouse-Host': host, 'X-Dormouse-Proxy': 'proxy-1' } });

  async function tellTheStory(name: string, store: Record<string, string>): Promise<void> {
    await createBranch(api, { namespace: NAMESPACE, name, workloads: [{ replicas: 0 }] });
    const [wake, sleep] = await Promise.all([serve('wake', store), serve('sleep', store)]);
    // The emulator's first write may take longer than a touch waits for its store.
    await eventually(
      async () => (await ask(wake, `${name}.example.com`, '/touch')).status,
      (status) => status === 204,
    );
    const { spec } = await api.get<{ spec: { replicas: number } }>(
      `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`,
    );
    expect(spec.replicas).toBe(1);
    const held = await ask(wake, `${name}.example.com`, '/hold');
    expect([held.status, held.headers.get('X-Accel-Redirect')]).toEqual([200, '@page']);
    expect((await ask(wake, `${name}.example.com`, '/page')).status).toBe(503);
    expect((await ask(wake, 'heartbeat', '/touch')).status).toBe(204);
    const swept = await fetch(sleep, { method: 'POST' });
    expect([swept.status, await swept.json()]).toEqual([
      200,
      expect.objectContaining({ kept: { active: 1 }, failed: 0 }),
    ]);
  }

  test('wake, hold and sweep with SQLite', async () => {
    await tellTheStory('local--g', { DORMOUSE_SQLITE_FILE: path.join(folder, 'records.sqlite') });
    await api.delete(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/local--g`);
  });

  describeWith(['firestore-emulator'], 'with Firestore', () => {
    test('wake, hold and sweep with Firestore', async () => {
      const emulator = await startFirestoreEmulator({ gcloud: partPath('firestore-emulator') });
      try {
        await tellTheStory('cloud--g', {
          DORMOUSE_FIRESTORE_DATABASE: 'dormouse',
          GOOGLE_CLOUD_PROJECT: 'miniature',
          FIRESTORE_EMULATOR_HOST: emulator.host,
        });
      } finally {
        await emulator.stop();
      }
    });
  });
});
