import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Invariant } from '../../test/simulation/invariants/invariant.ts';
import { INVARIANTS } from '../../test/simulation/invariants.ts';

/**
 * Writes the table of promises that stands between the markers of docs/safety.md: each sentence with the predicate
 * that the simulation asks. With `--check` it writes nothing and fails when the file is out of date.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'docs/safety.md');
const FOLDER = 'test/simulation/invariants';
const MARKED = /(<!-- invariants: made by npm run docs -->\n)[\s\S]*?(<!-- end -->)/;

type Proof = { readonly name: string; readonly file: string };

/** The invariants that the files of the folder export, with their names. */
async function findProofs(): Promise<ReadonlyMap<unknown, Proof>> {
  const files = readdirSync(path.join(ROOT, FOLDER)).map((file) => `${FOLDER}/${file}`);
  const found = files.map(async (file) => {
    const exported: Record<string, unknown> = await import(path.join(ROOT, file));
    return Object.entries(exported).map(([name, value]) => [value, { name, file }] as const);
  });
  return new Map((await Promise.all(found)).flat());
}

function renderRow({ sentence }: Invariant, proof: Proof | undefined): string {
  if (proof === undefined) throw new Error(`no file of ${FOLDER} exports the invariant "${sentence}"`);
  return `| ${sentence} | [\`${proof.name}\`](../${proof.file}) |`;
}

async function render(page: string): Promise<string> {
  if (!MARKED.test(page)) throw new Error('docs/safety.md has no place for the invariants');
  const proofs = await findProofs();
  const rows = INVARIANTS.map((invariant) => renderRow(invariant, proofs.get(invariant)));
  return page.replace(MARKED, `$1| promise | proof |\n|---|---|\n${rows.join('\n')}\n$2`);
}

const page = readFileSync(FILE, 'utf8');
const wanted = await render(page);
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, wanted);
} else if (page !== wanted) {
  console.error('docs/safety.md is out of date: run `npm run docs` and commit it');
  process.exitCode = 1;
}
