import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createArchive } from './create-archive.ts';

/** `npm run package`: writes dist/dormouse.zip, which Terraform deploys, and says what it is. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'dist/dormouse.zip');

const archive = await createArchive(ROOT);
await mkdir(path.dirname(FILE), { recursive: true });
await writeFile(FILE, archive);
const sha256 = createHash('sha256').update(archive).digest('hex');
process.stdout.write(`${path.relative(process.cwd(), FILE)}: ${archive.length} bytes, sha256 ${sha256}\n`);
