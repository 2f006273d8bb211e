import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeTrial, TABLE_HEAD } from './describe-trial.ts';
import { isCaught, type Verdict } from './judge-run.ts';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { runTests, type Trial, tryMutant } from './try-mutant.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

/**
 * `npm run mutate`: breaks the protocol in every way that `mutants/` lists, one at a time, and tells which test caught it.
 * Ends with `{"mutants":N,"survived":0}`. Exit code 1 if a mutant survived or proved nothing, 2 if it could not begin.
 */
const USAGE = 'usage: npm run mutate -- [--only NAME,NAME] [--workers N] [--json]';

const MAX_MESSAGE_LENGTH = 2_000;

type Options = { readonly mutants: readonly Mutant[]; readonly workers: number; readonly isJson: boolean };

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, workers: { type: 'string' }, json: { type: 'boolean' } },
  });
  const workers = values.workers === undefined ? availableParallelism() : Number(values.workers);
  if (!Number.isSafeInteger(workers) || workers < 1)
    throw new Error('--workers must be a whole number above 0');
  const mutants = values.only === undefined ? MUTANTS : values.only.split(',').map(findMutant);
  return { mutants, workers: Math.min(workers, mutants.length), isJson: values.json ?? false };
}

function findMutant(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`there is no mutant ${JSON.stringify(name)}`);
  return found;
}

async function mutate({ mutants, workers, isJson }: Options): Promise<number> {
  const workshops = Array.from({ length: workers }, openWorkshop);
  process.once('exit', () => {
    for (const workshop of workshops) workshop.remove();
  });
  const [first] = workshops;
  const problem = first && (await problemOfBaseline(first, mutants));
  if (problem !== undefined) return refuse(`without any mutant ${problem}`);
  const say = isJson ? () => undefined : console.log;
  say(TABLE_HEAD);
  const trials = await tryAll(mutants, workshops, (trial) => say(describeTrial(trial)));
  const survived = trials.filter(({ verdict }) => !isCaught(verdict)).length;
  console.log(JSON.stringify({ mutants: trials.length, survived }));
  return survived === 0 ? 0 : 1;
}

/** A test that fails by itself would kill every mutant. */
async function problemOfBaseline(
  workshop: Workshop,
  mutants: readonly Mutant[],
): Promise<string | undefined> {
  const files = new Set(mutants.map(({ file }) => file));
  const report = await runTests(workshop, [...files]);
  if (report === 'timed-out') return 'the tests do not come to an end';
  const [failure] = report.failures;
  if (failure !== undefined) {
    const { file, test, message } = failure;
    return `a test fails: ${file} > ${test}: ${message.slice(0, MAX_MESSAGE_LENGTH)}`;
  }
  const [mishap] = report.mishaps;
  return mishap === undefined ? undefined : `the tests do not run: ${mishap}`;
}

/** Each workshop takes the next mutant as soon as it is free. */
async function tryAll(
  mutants: readonly Mutant[],
  workshops: readonly Workshop[],
  tell: (trial: Trial) => void,
): Promise<readonly Trial[]> {
  const waiting = [...mutants];
  const trials: Trial[] = [];
  const work = async (workshop: Workshop) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const trial = await tryOne(workshop, mutant);
      trials.push(trial);
      tell(trial);
    }
  };
  await Promise.all(workshops.map(work));
  return trials;
}

/** One that does not fit its source proves nothing, and does not stop the others. */
async function tryOne(workshop: Workshop, mutant: Mutant): Promise<Trial> {
  try {
    return await tryMutant(workshop, mutant);
  } catch (error) {
    const verdict: Verdict = { verdict: 'broken', problem: (error as Error).message };
    return { mutant, verdict, seconds: 0 };
  }
}

function refuse(problem: string): number {
  console.error(`mutate: ${problem}`);
  return 2;
}

function tryReadOptions(args: string[]): Options | undefined {
  try {
    return readOptions(args);
  } catch (error) {
    console.error(`mutate: ${(error as Error).message}\n${USAGE}`);
    return undefined;
  }
}

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
const options = tryReadOptions(process.argv.slice(2));
process.exit(options === undefined ? 2 : await mutate(options));
