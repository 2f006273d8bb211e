import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleFunctions } from './bundle-functions.ts';
import { describeLicenses } from './describe-licenses.ts';
import { type Lock, type Manifest, pickLock } from './pick-lock.ts';
import { zipFiles } from './zip-files.ts';

const FRAMEWORK = '@google-cloud/functions-framework';

/**
 * Creates the archive that both functions are deployed from: the same sources and installed packages give the same
 * bytes. What it needs beside itself is functions-framework, at the version that the project has locked.
 *
 * Source: Google Cloud buildpacks, "Node.js": a script `gcp-build` runs after the install, and so would `build`.
 *
 * @param root folder of the project
 */
export async function createArchive(root: string): Promise<Uint8Array> {
  const [{ files, sources }, project, lock, license] = await Promise.all([
    bundleFunctions(root),
    readJson<Manifest>(path.join(root, 'package.json')),
    readJson<Lock>(path.join(root, 'package-lock.json')),
    readFile(path.join(root, 'LICENSE')),
  ]);
  const manifest = createManifest(project);
  return zipFiles(
    new Map([
      ...files,
      ['package.json', toBytes(manifest)],
      ['package-lock.json', toBytes(pickLock(lock, manifest))],
      ['LICENSE', license],
      ['LICENSES.txt', new TextEncoder().encode(await describeLicenses(root, sources))],
    ]),
  );
}

function createManifest({ name, version, license, dependencies }: Manifest): Manifest {
  const framework = dependencies[FRAMEWORK];
  if (framework === undefined) throw new Error(`package.json does not depend on ${FRAMEWORK}`);
  return {
    name,
    version,
    private: true,
    license,
    type: 'module',
    main: 'index.mjs',
    engines: { node: '24' },
    scripts: { 'gcp-build': 'node warm-up.mjs' },
    dependencies: { [FRAMEWORK]: framework },
  };
}

async function readJson<Value>(file: string): Promise<Value> {
  return JSON.parse(await readFile(file, 'utf8')) as Value;
}

function toBytes(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`);
}
