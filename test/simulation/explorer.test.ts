import { describe, expect, test } from 'vitest';
import { PAIR, SOLO } from './a-world.ts';
import { explore, type Scene } from './explorer.ts';
import type { World } from './world/world.ts';

const visit = (branch: string) => (world: World) => void world.visit('wake-1', branch);
const sweep = (world: World) => void world.sweep();
const together =
  (...parts: readonly ((world: World) => void)[]) =>
  (world: World) => {
    for (const part of parts) part(world);
  };

/** An idle branch has seen one sweep, a sleeping one two. */
const IDLE = 1;
const ASLEEP = 2;
const isLong = Number(process.env.DORMOUSE_SIMULATION_RUNS ?? 0) >= 5_000;

const touchAndSweep = [together(sweep, visit(SOLO))];
const scenes: Readonly<Record<string, Scene & { readonly atLeast: number }>> = {
  'a touch and a sweep of an idle branch': {
    branches: [SOLO],
    sweepsBefore: IDLE,
    acts: touchAndSweep,
    faults: 0,
    atLeast: 30_000,
  },
  'a touch and a sweep of an idle branch, and one fault or death': {
    branches: [SOLO],
    sweepsBefore: IDLE,
    acts: touchAndSweep,
    faults: 1,
    atLeast: 5_000_000,
  },
  'a touch and a sweep of a sleeping branch, and one fault or death': {
    branches: [SOLO],
    sweepsBefore: ASLEEP,
    acts: touchAndSweep,
    faults: 1,
    atLeast: 5_000_000,
  },
  'a sweep with one fault or death, and later a touch and a sweep': {
    branches: [SOLO],
    sweepsBefore: IDLE,
    acts: [sweep, together(sweep, visit(SOLO))],
    faults: 1,
    atLeast: 5_000_000,
  },
};

/** Minutes instead of seconds. */
const longScenes: typeof scenes = {
  'a touch and two sweeps of an idle branch': {
    branches: [SOLO],
    sweepsBefore: IDLE,
    acts: [together(sweep, sweep, visit(SOLO))],
    faults: 0,
    atLeast: 1_000_000_000_000,
  },
  'a touch and a sweep of an idle branch of two workloads': {
    branches: [PAIR],
    sweepsBefore: IDLE,
    acts: [together(sweep, visit(PAIR))],
    faults: 0,
    atLeast: 1_000_000_000,
  },
  'a touch and a sweep of an idle branch, and two faults or deaths': {
    branches: [SOLO],
    sweepsBefore: IDLE,
    acts: touchAndSweep,
    faults: 2,
    atLeast: 100_000_000,
  },
};

describe('every interleaving', () => {
  test.each(Object.entries(isLong ? { ...scenes, ...longScenes } : scenes))(
    'Dormouse keeps its promises in every order of the steps of %s',
    async (name, { atLeast, ...scene }) => {
      const { interleavings, states, ends } = await explore(scene);
      console.log(`simulation: ${name}: ${interleavings} interleavings of ${states} states, ${ends} ends`);
      expect(interleavings).toBeGreaterThan(atLeast);
    },
    isLong ? 1_800_000 : 120_000,
  );
});
