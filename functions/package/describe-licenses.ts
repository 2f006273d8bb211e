import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const LICENSE_FILE = /^(licen[sc]e|copying|notice)(\.[a-z]+)?$/i;
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

/**
 * Describes under which terms the bundled packages may be passed on: their licenses ask to go along with the code.
 * @param sources paths from the root
 */
export async function describeLicenses(root: string, sources: readonly string[]): Promise<string> {
  const folders = sources.flatMap((source) => PACKAGE_FOLDER.exec(source)?.[0] ?? []);
  const notices = await Promise.all(
    [...new Set(folders)].sort().map((folder) => describePackage(path.join(root, folder))),
  );
  return notices.join('\n');
}

async function describePackage(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return [`==== ${name} ${version} (${license})`, ...texts.map((text) => text.trim()), ''].join('\n');
}
