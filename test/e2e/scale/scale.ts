import { parseArgs } from 'node:util';
import { ensurePart, type PartName } from '../../parts/parts.ts';
import { type RealScale, sweepRealCluster } from './real-scale.ts';

/**
 * `npm run scale`: many idle branches on a real API server and Google's Firestore emulator, put to sleep in three
 * sweeps. Prints one line of JSON; fails if one of them was left awake, or worked on twice.
 */
const SWEEPS = 3;
const KIB_PER_MIB = 1_024;

function partAt(name: PartName): string {
  const part = ensurePart(name);
  if ('missing' in part) throw new Error(`needs ${name}: ${part.missing}`);
  return part.path;
}

function problemsOf(branches: number, { worked, atZero, summaries }: RealScale): readonly string[] {
  const twice = worked.length - new Set(worked).size;
  const failed = summaries.reduce((sum, summary) => sum + summary.failed, 0);
  return [
    ...(atZero === 2 * branches ? [] : [`${atZero} of ${2 * branches} workloads are at 0`]),
    ...(twice === 0 ? [] : [`${twice} branches were worked on twice`]),
    ...(failed === 0 ? [] : [`${failed} branches failed`]),
  ];
}

const { values } = parseArgs({ options: { branches: { type: 'string', default: '2000' } } });
const branches = Number(values.branches);
const parts = { gcloud: partAt('firestore-emulator'), controlPlane: partAt('control-plane') };
const scale = await sweepRealCluster({ branches, sweeps: SWEEPS, parts });
const problems = problemsOf(branches, scale);
const { summaries, createdMs, sweptMs, atZero } = scale;
const peakRssMib = Math.round(process.resourceUsage().maxRSS / KIB_PER_MIB);
const slept = summaries.map((summary) => summary.slept);
console.log(JSON.stringify({ branches, slept, atZero, createdMs, sweptMs, peakRssMib, problems }));
process.exitCode = problems.length === 0 ? 0 : 1;
