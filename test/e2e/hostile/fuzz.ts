import { parseArgs } from 'node:util';
import { ensurePart } from '../../parts/parts.ts';
import type { Target } from './arbitrary-request.ts';
import { runFuzz } from './run-fuzz.ts';

/**
 * Attacks both functions, and nginx where it is installed, with requests of any form, and then the wake function with
 * hosts that nobody knows. Ends with a line of JSON, and with exit code 1 if something gave way.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    hosts: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    targets: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const nginx = ensurePart('nginx');
const all: readonly Target[] = 'path' in nginx ? ['wake', 'proxy', 'sleep'] : ['wake', 'sleep'];
const say = (text: string) => void process.stderr.write(`${text}\n`);
if ('missing' in nginx && !values.json) say(`without nginx: ${nginx.missing}`);

const targets = (values.targets?.split(',') as Target[] | undefined) ?? all;
const { violations, ...report } = await runFuzz({
  seed: Number(values.seed),
  requests: Number(values.requests),
  unknownHosts: Number(values.only === undefined ? (values.hosts ?? values.requests) : 0),
  targets,
  nginx: targets.includes('proxy') && 'path' in nginx ? nginx.path : undefined,
  only: values.only === undefined ? undefined : Number(values.only),
  ...(values.json ? {} : { tell: say }),
});
for (const violation of violations.slice(0, 20)) say(`\n${violation}`);
process.stdout.write(
  `${JSON.stringify({ ...report, nginx: 'path' in nginx, violations: violations.length })}\n`,
);
if (violations.length > 0) process.exitCode = 1;
