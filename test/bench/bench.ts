import { toMarkdown } from './describe-figure.ts';
import { measures } from './measures.ts';
import { chooseMeasures, readArguments, USAGE } from './read-arguments.ts';
import { exitCodeOf, runMeasures, summarizeBench } from './run-measures.ts';

/**
 * `npm run bench`: what Dormouse costs, beside what a team would have instead, measured in the same run. What it
 * started ends with it, however it ends: each process of it watches this one.
 */
const MS_PER_SECOND = 1_000;

async function main(): Promise<void> {
  const { isHelp, isJson, isStrict, only } = readArguments(process.argv.slice(2));
  if (isHelp) return console.log(USAGE);
  const chosen = chooseMeasures(measures, only);
  const result = await runMeasures(chosen, { isJson }, { print: console.log, tell: console.error });
  if (!isJson) console.log(`\n${toMarkdown(result.figures)}\n`);
  console.error(summarizeBench(result, performance.now() / MS_PER_SECOND));
  process.exitCode = exitCodeOf(result, isStrict);
}

// By way of the exit listeners, which remove folders and end what has no standard input of ours.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

await main().catch((error: Error) => {
  console.error(error instanceof RangeError || error instanceof TypeError ? error.message : error);
  process.exit(1);
});
