import fc from 'fast-check';
import { explore } from './explorer.ts';
import { violationsOf } from './invariants.ts';
import { type RandomStory, randomStory, tell } from './random-story.ts';
import { DEEP_SCENES, QUICK_SCENES, SCENES } from './scenes.ts';
import { readSimulationOptions, type SimulationOptions, USAGE } from './simulation-options.ts';
import { tellStory } from './tell-story.ts';
import type { Flows } from './world/flows.ts';

export type SimulationSurroundings = {
  readonly flows: Flows;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly nowMs: () => number;
};

/** What a simulation ends with. */
type Figures = {
  readonly runs: number;
  readonly violations: number;
  readonly interleavings: number;
  readonly seed: number;
};
type Enumeration = { readonly interleavings: number; readonly violations: number };

const SCENES_OF = { quick: QUICK_SCENES, usual: SCENES, deep: DEEP_SCENES };
const TELL_EVERY_MS = 10_000;
const FAILED = 1;
const MISUSED = 2;

/**
 * Plays every order of steps of the scenes, then random stories, and prints the figures as one line of JSON.
 * @returns the exit code: 0, 1 when an invariant is broken, 2 when the arguments are wrong
 */
export async function runSimulation(
  args: readonly string[],
  surroundings: SimulationSurroundings,
): Promise<number> {
  const { print, complain, nowMs } = surroundings;
  const options = readOrComplain(args, surroundings);
  if (options === undefined) return MISUSED;
  const quiet = { ...surroundings, print: options.isJson ? () => {} : print };
  const startedMs = nowMs();
  const { interleavings, violations } = await enumerate(quiet, options);
  const told = violations > 0 ? { runs: 0, violations } : await tellRandomStories(quiet, options);
  const figures: Figures = { ...told, interleavings, seed: options.seed };
  quiet.print(`simulation: ${((nowMs() - startedMs) / 1_000).toFixed(1)} s in all`);
  print(JSON.stringify(figures));
  if (figures.violations > 0) complain('simulation: a promise was broken');
  return figures.violations > 0 ? FAILED : 0;
}

function readOrComplain(args: readonly string[], { complain, nowMs }: SimulationSurroundings) {
  try {
    return readSimulationOptions(args, Math.floor(nowMs()) % 2 ** 31);
  } catch (error) {
    complain(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return undefined;
  }
}

/** A story that is told again needs no enumeration. */
async function enumerate(
  { flows, print, complain, nowMs }: SimulationSurroundings,
  { depth, path }: SimulationOptions,
): Promise<Enumeration> {
  const scenes = path === undefined ? SCENES_OF[depth] : [];
  let interleavings = 0;
  for (const scene of scenes) {
    const startedMs = nowMs();
    try {
      const found = await explore({ ...scene, flows });
      interleavings += found.interleavings;
      const seconds = ((nowMs() - startedMs) / 1_000).toFixed(1);
      print(
        `${scene.name}: ${count(found.interleavings)} interleavings, ${count(found.states)} states explored, ${count(found.ends)} ends, ${seconds} s`,
      );
    } catch (error) {
      complain(`${scene.name}:\n${error instanceof Error ? error.message : error}`);
      return { interleavings, violations: 1 };
    }
  }
  return { interleavings, violations: 0 };
}

async function tellRandomStories(
  surroundings: SimulationSurroundings,
  { runs, seed, path }: SimulationOptions,
): Promise<Pick<Figures, 'runs' | 'violations'>> {
  if (runs === 0) return { runs: 0, violations: 0 };
  const progress = createProgress(surroundings, seed);
  const property = fc.asyncProperty(randomStory, async (story) => {
    const violations = violationsOf(await tell(story, surroundings.flows));
    progress.told();
    if (violations.length > 0) throw new Error(violations.join('\n'));
  });
  const replay = path === undefined ? {} : { path, endOnFailure: true };
  const details = await fc.check(property, { numRuns: path === undefined ? runs : 1, seed, ...replay });
  progress.end();
  if (!details.failed) return { runs: details.numRuns, violations: 0 };
  const [story] = details.counterexample ?? [];
  const replayed = `npm run simulate -- --seed ${seed} --path ${details.counterexamplePath}`;
  if (story !== undefined) await complainOf(surroundings, story, replayed);
  return { runs: details.numRuns, violations: 1 };
}

/** The story as a timeline, what it breaks, and how to see it again. */
async function complainOf(
  { complain, flows }: SimulationSurroundings,
  story: RandomStory,
  replay: string,
): Promise<void> {
  const history = await tell(story, flows);
  complain(
    [tellStory(history.facts), '', ...violationsOf(history), '', `To tell it again: ${replay}`].join('\n'),
  );
}

function createProgress({ print, nowMs }: SimulationSurroundings, seed: number) {
  const startedMs = nowMs();
  let stories = 0;
  let lastMs = startedMs;
  const report = () => {
    const perSecond = Math.round(stories / Math.max((nowMs() - startedMs) / 1_000, 0.001));
    print(`${count(stories)} random stories of seed ${seed}, ${count(perSecond)} runs/s`);
  };
  return {
    told: () => {
      stories += 1;
      if (nowMs() - lastMs < TELL_EVERY_MS) return;
      lastMs = nowMs();
      report();
    },
    end: report,
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
