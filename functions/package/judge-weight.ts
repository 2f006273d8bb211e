/** What a function loads before it serves. */
export type StartWeight = {
  /** Of the files of the archive that are loaded. */
  readonly bytes: number;
  /** The packages whose code is in them, sorted. */
  readonly packages: readonly string[];
};

/** How heavy the archive is: what visitors wait for. */
export type Weight = {
  /** Of everything that is bundled, unpacked. */
  readonly bundleBytes: number;
  /** By function. */
  readonly start: Readonly<Record<string, StartWeight>>;
};

const TOLERANCE = 0.1;
const WAY_OUT =
  'if that is meant, run `npm run package -- --record` and commit functions/package/weight.json';

/** What is wrong with the archive beside what was recorded: each problem a sentence; growth of 10 % is let through. */
export function judgeWeight(recorded: Weight, found: Weight): readonly string[] {
  const targets = [...new Set([...Object.keys(recorded.start), ...Object.keys(found.start)])].sort();
  const problems = [
    ...judgeBytes('the bundle', recorded.bundleBytes, found.bundleBytes),
    ...targets.flatMap((target) => judgeStart(target, recorded.start[target], found.start[target])),
  ];
  return problems.map((problem) => `${problem}: ${WAY_OUT}`);
}

const NOTHING: StartWeight = { bytes: 0, packages: [] };

function judgeStart(target: string, recorded = NOTHING, found = NOTHING): readonly string[] {
  const strangers = found.packages.filter((name) => !recorded.packages.includes(name));
  return [
    ...judgeBytes(`what ${target} loads to start`, recorded.bytes, found.bytes),
    ...strangers.map((name) => `${target} loads the package ${name} to start, which is not on the list`),
  ];
}

function judgeBytes(what: string, recorded: number, found: number): readonly string[] {
  if (found <= recorded * (1 + TOLERANCE)) return [];
  return [`${what} has grown from ${recorded} to ${found} bytes, by more than 10 %`];
}
