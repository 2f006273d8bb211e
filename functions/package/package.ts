import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createArchive } from './create-archive.ts';
import { weighBundle } from './weigh-bundle.ts';

/**
 * `npm run package`: writes dist/dormouse.zip, which Terraform deploys, and says what it is. With `--record` it also
 * records how heavy that is, beside which a test holds it from then on.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'dist/dormouse.zip');
const WEIGHT_FILE = path.join(import.meta.dirname, 'weight.json');

const archive = await createArchive(ROOT);
await mkdir(path.dirname(FILE), { recursive: true });
await writeFile(FILE, archive);
const sha256 = createHash('sha256').update(archive).digest('hex');
process.stdout.write(`${path.relative(process.cwd(), FILE)}: ${archive.length} bytes, sha256 ${sha256}\n`);

if (process.argv.includes('--record')) {
  await writeFile(WEIGHT_FILE, `${JSON.stringify(await weighBundle(ROOT), undefined, 2)}\n`);
  process.stdout.write(`${path.relative(process.cwd(), WEIGHT_FILE)}: recorded\n`);
}
