import { createHash } from 'node:crypto';
import { aWorldAfter, MINUTE } from './a-world.ts';
import { letCalmCome } from './calm.ts';
import { violationsOf } from './invariants.ts';
import { type Move, movesOf } from './moves.ts';
import { tellStory } from './tell-story.ts';
import { type Flows, REAL_FLOWS } from './world/flows.ts';
import { drain } from './world/network.ts';
import type { World } from './world/world.ts';

/** What is explored: some actors at once, then, when nothing of them is under way, some more. */
export type Scene = {
  readonly branches: readonly string[];
  /** How many sweeps the branches have seen before, 11 minutes apart: one registers them, two put them to sleep. */
  readonly sweepsBefore: number;
  /** Each starts its actors; 3 minutes lie between two acts. */
  readonly acts: readonly ((world: World) => void)[];
  /** How many calls may fail, or actors die, in one story. */
  readonly faults: number;
  /** The real ones, unless somebody wants to see broken ones found. */
  readonly flows?: Flows;
};

export type Exploration = {
  /** Different orders of steps from the first to the last. */
  readonly interleavings: number;
  /** Different situations on their ways. */
  readonly states: number;
  /** Different ends. Each was followed by calm, and all invariants held. */
  readonly ends: number;
};

type Play = Progress & { readonly world: World };
type Progress = {
  readonly labels: readonly string[];
  /** What each actor has been told so far: where it stands, since flows are deterministic. */
  readonly told: ReadonlyMap<string, string>;
  readonly faultsLeft: number;
  readonly act: number;
};
type Ends = { readonly waysFrom: Map<string, number>; ends: number };

/**
 * Plays every order of steps of a scene. A world cannot be copied, so each branch of the tree is played from the
 * start; situations that are equal, in the order of their effects too, are played on only once.
 * @throws Error with the story when an invariant does not hold
 */
export async function explore(scene: Scene): Promise<Exploration> {
  const found: Ends = { waysFrom: new Map(), ends: 0 };
  const interleavings = await playOn(scene, found, { play: await begin(scene), path: [] });
  return { interleavings, states: found.waysFrom.size, ends: found.ends };
}

type Position = { readonly play: Play; readonly path: readonly Move[] };

async function playOn(scene: Scene, found: Ends, { play, path }: Position): Promise<number> {
  const begun = await beginActs(scene, play);
  const key = keyOf(begun);
  const known = found.waysFrom.get(key);
  if (known !== undefined) return known;
  const moves = movesOf(begun.world, begun.faultsLeft);
  let ways = moves.length === 0 ? 1 : 0;
  if (moves.length === 0) {
    found.ends += 1;
    await judge(begun);
  }
  for (const move of moves) {
    const world = move === moves[0] ? begun.world : await replay(scene, path);
    const next = await make({ ...begun, world }, move);
    ways += await playOn(scene, found, { play: next, path: [...path, move] });
  }
  found.waysFrom.set(key, ways);
  return ways;
}

async function begin({ branches, sweepsBefore, faults, flows = REAL_FLOWS }: Scene): Promise<Play> {
  const world = await aWorldAfter(sweepsBefore, branches, { flows, isNamespaceInstant: true });
  return { world, labels: [], told: new Map(), faultsLeft: faults, act: 0 };
}

/** Another world in which the same happened. */
async function replay(scene: Scene, path: readonly Move[]): Promise<World> {
  let play = await beginActs(scene, await begin(scene));
  for (const move of path) {
    move.make(play.world);
    await drain();
    play = await beginActs(scene, play);
  }
  return play.world;
}

/** When nothing is under way any more the next act begins. */
async function beginActs(scene: Scene, play: Play): Promise<Play> {
  const { world } = play;
  let next = play.act;
  for (; world.network.open().length === 0 && next < scene.acts.length; next += 1) {
    if (next > 0) world.clock.nowMs += 3 * MINUTE;
    scene.acts[next]?.(world);
    await drain();
  }
  return next === play.act ? play : { ...play, act: next };
}

async function make(play: Play, { label, isFault, make }: Move): Promise<Play> {
  const { world } = play;
  const ending = world.network.open().filter(({ isOver }) => !isOver);
  make(world);
  const told = new Map(play.told);
  for (const { turn, actor, isOver, answer } of ending) {
    if (isOver) told.set(actor, hash([told.get(actor), turn, label, plain(answer)]));
  }
  await drain();
  return { ...play, told, labels: [...play.labels, label], faultsLeft: play.faultsLeft - Number(isFault) };
}

function keyOf({ world, told, faultsLeft, act }: Play): string {
  const calls = world.network
    .open()
    .map(({ actor, turn, isOver, effects, answer }) => [`${actor} ${turn}`, isOver, effects, plain(answer)])
    .sort();
  const effects = world.facts.flatMap((fact) => {
    if (fact.fact === 'scaled') return [[fact.by, fact.ref, fact.after.replicas]];
    return fact.fact === 'recorded' ? [[fact.by, fact.branch, fact.means]] : [];
  });
  const truth = [world.clock.nowMs, world.cluster.list(), plain(world.store.readAll())];
  return hash([truth, calls, effects, [...told].sort(), faultsLeft, act]);
}

function hash(value: unknown): string {
  return createHash('sha1').update(JSON.stringify(value)).digest('base64');
}

/** Maps do not show in JSON. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(([key, inner]) => [key, plain(inner)]);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Lets calm come, then asks every invariant. */
async function judge({ world, labels }: Play): Promise<void> {
  await letCalmCome(world);
  const violations = violationsOf(world);
  if (violations.length === 0) return;
  throw new Error([...violations, ...labels, tellStory(world.facts)].join('\n'));
}
