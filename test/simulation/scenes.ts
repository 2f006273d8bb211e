import { PAIR, SOLO } from './a-world.ts';
import type { Scene } from './explorer.ts';
import type { World } from './world/world.ts';

export type NamedScene = Scene & {
  readonly name: string;
  /** Interleavings that there are at least: fewer, and something is left out. */
  readonly atLeast: number;
};

const sweep = (world: World) => void world.sweep();
const visit = (branch: string) => (world: World) => void world.visit('wake-1', branch);
/** A request that found nobody home, at another instance than the visit. */
const wake = (branch: string) => (world: World) => void world.visit('wake-2', branch, { isHeld: true });
const together =
  (...parts: readonly ((world: World) => void)[]) =>
  (world: World) => {
    for (const part of parts) part(world);
  };

/** An idle branch has seen one sweep, a sleeping one two. */
const IDLE = { branches: [SOLO], sweepsBefore: 1, faults: 0 };
const ASLEEP = { ...IDLE, sweepsBefore: 2 };

/** Seconds in all. */
export const QUICK_SCENES: readonly NamedScene[] = [
  {
    name: 'a visit and a sweep of an idle branch',
    ...IDLE,
    acts: [together(sweep, visit(SOLO))],
    atLeast: 30_000,
  },
  {
    name: 'a visit and a sweep of an idle branch, and one fault or death',
    ...IDLE,
    acts: [together(sweep, visit(SOLO))],
    faults: 1,
    atLeast: 5_000_000,
  },
  {
    name: 'a visit and a sweep of a sleeping branch, and one fault or death',
    ...ASLEEP,
    acts: [together(sweep, visit(SOLO))],
    faults: 1,
    atLeast: 5_000_000,
  },
  {
    name: 'a sweep with one fault or death, and later a visit and a sweep',
    ...IDLE,
    acts: [sweep, together(sweep, visit(SOLO))],
    faults: 1,
    atLeast: 5_000_000,
  },
];

/** A minute or so. */
export const SCENES: readonly NamedScene[] = [
  ...QUICK_SCENES,
  {
    name: 'a visit, a wake and a sweep of an idle branch, two instances of wake',
    ...IDLE,
    acts: [together(sweep, visit(SOLO), wake(SOLO))],
    atLeast: 1_000_000_000,
  },
  {
    name: 'a visit, a wake and a sweep of a sleeping branch, two instances of wake',
    ...ASLEEP,
    acts: [together(sweep, visit(SOLO), wake(SOLO))],
    atLeast: 1_000_000_000,
  },
];

/** Many minutes. */
export const DEEP_SCENES: readonly NamedScene[] = [
  ...SCENES,
  {
    name: 'a visit and two sweeps of an idle branch',
    ...IDLE,
    acts: [together(sweep, sweep, visit(SOLO))],
    atLeast: 1_000_000_000_000,
  },
  {
    name: 'a visit and a sweep of an idle branch of two workloads',
    ...IDLE,
    branches: [PAIR],
    acts: [together(sweep, visit(PAIR))],
    atLeast: 1_000_000_000,
  },
  {
    name: 'a visit and a sweep of an idle branch, and two faults or deaths',
    ...IDLE,
    acts: [together(sweep, visit(SOLO))],
    faults: 2,
    atLeast: 100_000_000,
  },
];
