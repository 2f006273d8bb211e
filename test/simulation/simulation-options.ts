import { parseArgs } from 'node:util';

export type SimulationOptions = {
  /** Random stories. */
  readonly runs: number;
  readonly seed: number;
  /** Tells only the one story that fast-check found there. */
  readonly path?: string;
  /** How much is enumerated: seconds, a minute or many minutes. */
  readonly depth: 'quick' | 'usual' | 'deep';
  readonly isJson: boolean;
};

const DEFAULT_RUNS = 5_000;
const MAX_RUNS = 100_000_000;
const MAX_SEED = 2 ** 31 - 1;

export const USAGE =
  'usage: npm run simulate -- [--runs N] [--seed S] [--path P] [--quick | --deep] [--json]';

/** @throws Error with a sentence about the first argument that is wrong */
export function readSimulationOptions(args: readonly string[], newSeed: number): SimulationOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      path: { type: 'string' },
      quick: { type: 'boolean', default: false },
      deep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { path, quick, deep } = values;
  if (quick && deep) throw new Error('--quick and --deep exclude each other');
  if (path !== undefined && !/^\d+(:\d+)*$/.test(path))
    throw new Error(`--path is "${path}": expected 12:0:3`);
  if (path !== undefined && values.seed === undefined)
    throw new Error('--path needs the --seed of its story');
  return {
    runs: readWhole('runs', values.runs ?? `${DEFAULT_RUNS}`, MAX_RUNS),
    seed: readWhole('seed', values.seed ?? `${newSeed}`, MAX_SEED),
    ...(path === undefined ? {} : { path }),
    depth: depthOf(quick, deep),
    isJson: values.json,
  };
}

function depthOf(isQuick: boolean, isDeep: boolean): SimulationOptions['depth'] {
  if (isDeep) return 'deep';
  return isQuick ? 'quick' : 'usual';
}

function readWhole(name: string, text: string, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new Error(`--${name} is "${text}": expected a whole number from 0 to ${most}`);
}
