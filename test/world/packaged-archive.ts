import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { createArchive } from '../../functions/package/create-archive.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Writes the files of a zip into a folder. */
export async function unpackArchive(archive: Uint8Array, folder: string): Promise<void> {
  for (const [name, content] of Object.entries(unzipSync(archive))) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

/** Installs what an unpacked archive's lock names, and nothing else, as Google's buildpack does. */
export async function installArchive(folder: string): Promise<void> {
  await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });
}

let found: Promise<string> | undefined;

/**
 * The folder of an archive made of the sources as they are, unpacked and installed: one for each content, which
 * stays in the temporary folder for the next run.
 */
export function findPackagedArchive(): Promise<string> {
  found ??= prepareArchive();
  return found;
}

async function prepareArchive(): Promise<string> {
  const archive = await createArchive(ROOT);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const folder = path.join(tmpdir(), `dormouse-package-${sha256.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const fresh = await mkdtemp(`${folder}-`);
  await unpackArchive(archive, fresh);
  await installArchive(fresh);
  await rename(fresh, folder).catch(async (error) => {
    if (!existsSync(folder)) throw error;
    await rm(fresh, { recursive: true }); // somebody else was faster
  });
  return folder;
}
