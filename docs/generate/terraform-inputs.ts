import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes what stands between the markers of terraform/README.md: the example, and tables of the modules' inputs and
 * outputs. With `--check` it writes nothing and fails when the file is out of date.
 *
 * Reads Terraform's files as `terraform fmt` leaves them: blocks end at a `}` in the first column, attributes begin
 * in the third.
 */
const FOLDER = path.resolve(import.meta.dirname, '../../terraform');
const README = path.join(FOLDER, 'README.md');
const MARKED = /(<!-- made by npm run docs: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g;

type Block = { readonly name: string; readonly body: string };

const sections: Readonly<Record<string, () => string>> = {
  example: () => `\`\`\`hcl\n${read('examples/complete/main.tf')}\`\`\`\n`,
  inputs: () => renderInputs('variables.tf'),
  outputs: () => renderOutputs('outputs.tf'),
  'staging-proxy inputs': () => renderInputs('staging-proxy/variables.tf'),
  'staging-proxy outputs': () => renderOutputs('staging-proxy/outputs.tf'),
};

function render(readme: string): string {
  return readme.replace(MARKED, (_, begin: string, name: string, end: string) => {
    const section = sections[name];
    if (section === undefined)
      throw new Error(`terraform/README.md has a section that nobody makes: ${name}`);
    return `${begin}${section()}${end}`;
  });
}

function renderInputs(file: string): string {
  const rows = blocksOf(read(file), 'variable').map(
    ({ name, body }) => `| \`${name}\` | ${renderValue(body)} | ${descriptionOf(name, body)} |`,
  );
  return `| input | default | what it is |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function renderOutputs(file: string): string {
  const rows = blocksOf(read(file), 'output').map(
    ({ name, body }) => `| \`${name}\` | ${descriptionOf(name, body)} |`,
  );
  return `| output | what it is |\n|---|---|\n${rows.join('\n')}\n`;
}

/** An object's fields with their defaults, one a line; another type's default. */
function renderValue(body: string): string {
  const fields = [...body.matchAll(/^ {4}(\w+) += (?:optional\((.+)\)|(\w+.*))$/gm)];
  const isObject = /^ {2}type += object\(/m.test(body);
  if (isObject) return fields.map(([, name = '', optional]) => renderField(name, optional)).join('<br>');
  const found = /^ {2}default += (.+)$/m.exec(body)?.[1];
  return found === undefined ? 'required' : `\`${found}\``;
}

function renderField(name: string, optional: string | undefined): string {
  if (optional === undefined) return `\`${name}\` required`;
  const comma = /^(?:[^,(]|\([^)]*\))+, (.+)$/.exec(optional);
  return `\`${name} = ${comma?.[1] ?? 'null'}\``;
}

function descriptionOf(name: string, body: string): string {
  const text = /^ {2}description += "(.*)"$/m.exec(body)?.[1];
  if (text === undefined) throw new Error(`${name} has no description of one line`);
  return text.replaceAll('\\"', '"').replaceAll('|', '\\|');
}

function blocksOf(source: string, kind: 'variable' | 'output'): readonly Block[] {
  const blocks = source.matchAll(new RegExp(`^${kind} "(\\w+)" \\{\\n([\\s\\S]*?)^\\}`, 'gm'));
  return Array.from(blocks, ([, name = '', body = '']) => ({ name, body: withoutValidations(body) }));
}

function withoutValidations(body: string): string {
  return body.replace(/^ {2}validation \{\n[\s\S]*?^ {2}\}\n/gm, '');
}

function read(file: string): string {
  return readFileSync(path.join(FOLDER, file), 'utf8');
}

const readme = readFileSync(README, 'utf8');
const wanted = render(readme);
if (!process.argv.includes('--check')) {
  writeFileSync(README, wanted);
} else if (readme !== wanted) {
  console.error('terraform/README.md is out of date: run `npm run docs` and commit it');
  process.exitCode = 1;
}
