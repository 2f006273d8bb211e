import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { environmentSchema } from '../../shared/environment.ts';

/**
 * Writes docs/configuration.md from the schema that the functions parse. With `--check` it writes nothing and
 * fails when the file is out of date.
 */
const FILE = path.resolve(import.meta.dirname, '../configuration.md');

const HEAD = `<!-- Made by \`npm run docs\` from shared/config.ts. Edit the descriptions there. -->
# Configuration

Both functions read these environment variables when they start. Every wrong value is listed at once and the
process refuses to start. An empty variable counts as absent; an unknown one that begins with \`DORMOUSE_\` is refused.

Set exactly one way to reach Kubernetes (\`DORMOUSE_GKE_ENDPOINT\`, \`DORMOUSE_KUBERNETES_URL\` or
\`DORMOUSE_KUBECONFIG\`; in a pod, none) and exactly one store (\`DORMOUSE_FIRESTORE_DATABASE\` or \`DORMOUSE_SQLITE_FILE\`).

| variable | default | what it is |
|---|---|---|
`;

type Property = {
  description?: string;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  maximum?: number;
};

function renderConfiguration(): string {
  const schema = z.toJSONSchema(environmentSchema, { io: 'input', unrepresentable: 'any' });
  const required = new Set(schema.required);
  const rows = Object.entries((schema.properties ?? {}) as Record<string, Property>).map(
    ([name, property]) =>
      `| \`${name}\` | ${renderDefault(property, required.has(name))} | ${renderMeaning(property)} |`,
  );
  return `${HEAD}${rows.join('\n')}\n`;
}

function renderDefault(property: Property, isRequired: boolean): string {
  if (property.default !== undefined) return `\`${property.default}\``;
  return isRequired ? 'required' : '';
}

function renderMeaning({ description = '', enum: values, minimum, maximum }: Property): string {
  if (values !== undefined)
    return `${description} One of ${values.map((value) => `\`${value}\``).join(', ')}.`;
  return minimum === undefined ? description : `${description} From ${minimum} to ${maximum}.`;
}

const wanted = renderConfiguration();
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, wanted);
} else if (readFileSync(FILE, 'utf8') !== wanted) {
  console.error('docs/configuration.md is out of date: run `npm run docs` and commit it');
  process.exitCode = 1;
}
