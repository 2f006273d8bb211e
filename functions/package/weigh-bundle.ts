import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bundled, bundleFunctions } from './bundle-functions.ts';
import type { StartWeight, Weight } from './judge-weight.ts';

const TARGETS = ['sleep', 'wake'];
const TIMEOUT_MS = 30_000;

/** As terraform/environment.tf sets it. */
const PRODUCTION = {
  DORMOUSE_CLUSTER: 'cluster',
  DORMOUSE_NAMESPACE: 'branches',
  DORMOUSE_GKE_ENDPOINT: 'gke.invalid',
  DORMOUSE_FIRESTORE_DATABASE: 'dormouse',
  DORMOUSE_ALLOWED_CALLERS: 'proxy@project.invalid',
  DORMOUSE_AUDIENCE: 'https://function.invalid',
  GOOGLE_CLOUD_PROJECT: 'project',
};

/** Loads the archive as functions-framework does, until nothing more comes, and says which files that took. It reaches nothing. */
const START = `
  import { registerHooks } from 'node:module';
  import { Socket } from 'node:net';
  import { setTimeout as delay } from 'node:timers/promises';
  Socket.prototype.connect = function () { return this; };
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  await import('./index.mjs');
  for (let seen = 0; seen < loaded.length; await delay(100)) seen = loaded.length;
  process.stdout.write(JSON.stringify(loaded));
  process.exit();`;

/**
 * Bundles the functions and starts each, in production's environment, to see what it loads before it serves.
 * @throws Error with the output when one does not start
 */
export async function weighBundle(root: string): Promise<Weight> {
  const bundled = await bundleFunctions(root);
  // Below the project, where Node finds functions-framework.
  await mkdir(path.join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(path.join(root, 'dist/weigh-'));
  try {
    await writeFiles(folder, bundled);
    const start = await Promise.all(
      TARGETS.map(async (target) => [target, await weighStart(folder, bundled, target)] as const),
    );
    return { bundleBytes: sizeOf(bundled, [...bundled.files.keys()]), start: Object.fromEntries(start) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeFiles(folder: string, { files }: Bundled): Promise<void> {
  for (const [name, content] of files) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

async function weighStart(folder: string, bundled: Bundled, target: string): Promise<StartWeight> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', START], {
    cwd: folder,
    env: { ...PRODUCTION, FUNCTION_TARGET: target },
    timeout: TIMEOUT_MS,
  });
  const loaded = (JSON.parse(stdout) as string[]).filter((url) => url.startsWith('file:'));
  const names = loaded.map((url) => path.relative(folder, fileURLToPath(url)).replaceAll(path.sep, '/'));
  const ours = names.filter((name) => bundled.files.has(name));
  const packages = ours.flatMap((name) => bundled.packages.get(name) ?? []);
  return { bytes: sizeOf(bundled, ours), packages: [...new Set(packages)].sort() };
}

function sizeOf({ files }: Bundled, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (files.get(name)?.length ?? 0), 0);
}
