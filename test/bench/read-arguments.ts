import { parseArgs } from 'node:util';
import type { Measure } from './measure.ts';

export type BenchArguments = {
  readonly isHelp: boolean;
  /** One line of JSON for each figure, and nothing else on standard output. */
  readonly isJson: boolean;
  /** A goal that is missed, or a measure that is left out, is a failure. */
  readonly isStrict: boolean;
  /** Empty: all. */
  readonly only: readonly string[];
};

export const USAGE = `npm run bench -- [options]
  --only P1,P3   these measures alone, by the id of the measure or of one of its figures
  --json         one line of JSON for each figure on standard output, nothing else
  --strict       exit with 1 if a goal is missed or a measure was left out`;

/** @throws TypeError for an option that is not known */
export function readArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
    },
  });
  const only = values.only.flatMap((list) => list.split(',')).map((id) => id.trim());
  return {
    isHelp: values.help,
    isJson: values.json,
    isStrict: values.strict,
    only: only.filter((id) => id !== ''),
  };
}

/**
 * The measures that are asked for, in their own order.
 * @throws RangeError when one is asked for that is not there
 */
export function chooseMeasures(measures: readonly Measure[], only: readonly string[]): readonly Measure[] {
  if (only.length === 0) return measures;
  const chosen = new Set(only.map((id) => findMeasure(measures, id)));
  return measures.filter((measure) => chosen.has(measure));
}

/** By its own id, else by a figure's: `P3p99` is measured by `P3`, `P8/1000` by `P8`, but `P11` is not by `P1`. */
function findMeasure(measures: readonly Measure[], wanted: string): Measure {
  const makes = ({ id }: Measure) => id === wanted || new RegExp(`^${id}[^0-9]`).test(wanted);
  const [longest] = measures.filter(makes).toSorted((one, other) => other.id.length - one.id.length);
  if (longest !== undefined) return longest;
  throw new RangeError(`there is no measure ${wanted}: known are ${measures.map(({ id }) => id).join(', ')}`);
}
