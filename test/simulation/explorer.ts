import { createHash } from 'node:crypto';
import { aWorldAfter, MINUTE } from './a-world.ts';
import { letCalmCome } from './calm.ts';
import { violationsOf } from './invariants.ts';
import { type Move, movesOf } from './moves.ts';
import { tellStory } from './tell-story.ts';
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
};

export type Exploration = {
  /** Different orders of steps from the first to the last. */
  readonly interleavings: number;
  /** Different situations on their ways. */
  readonly states: number;
  /** Different ends. Each was followed by calm, and all invariants held. */
  readonly ends: number;
};

type Play = {
  readonly world: World;
  readonly labels: string[];
  /** What each actor has been told so far: where it stands, since flows are deterministic. */
  readonly told: Map<string, string>;
  faultsLeft: number;
  act: number;
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

type Position = { readonly play: Play; readonly path: readonly number[] };

async function playOn(scene: Scene, found: Ends, { play, path }: Position): Promise<number> {
  const moves = await nextMoves(scene, play);
  const key = keyOf(play);
  const known = found.waysFrom.get(key);
  if (known !== undefined) return known;
  if (moves.length === 0) {
    found.ends += 1;
    found.waysFrom.set(key, 1);
    await judge(play);
    return 1;
  }
  let ways = 0;
  for (let index = 0; index < moves.length; index += 1) {
    const here = index === 0 ? play : await replay(scene, path);
    const move = (index === 0 ? moves : await nextMoves(scene, here))[index];
    if (move !== undefined) await make(here, move);
    ways += await playOn(scene, found, { play: here, path: [...path, index] });
  }
  found.waysFrom.set(key, ways);
  return ways;
}

async function begin({ branches, sweepsBefore, faults }: Scene): Promise<Play> {
  const world = await aWorldAfter(sweepsBefore, branches);
  return { world, labels: [], told: new Map(), faultsLeft: faults, act: 0 };
}

async function replay(scene: Scene, path: readonly number[]): Promise<Play> {
  const play = await begin(scene);
  for (const index of path) {
    const move = (await nextMoves(scene, play))[index];
    if (move === undefined)
      throw new Error('a story went another way than before: something is not deterministic');
    await make(play, move);
  }
  return play;
}

/** When nothing is under way any more the next act begins. */
async function nextMoves(scene: Scene, play: Play): Promise<readonly Move[]> {
  for (;;) {
    const moves = movesOf(play.world, play.faultsLeft);
    const act = scene.acts[play.act];
    if (moves.length > 0 || act === undefined) return moves;
    if (play.act > 0) play.world.clock.nowMs += 3 * MINUTE;
    play.act += 1;
    act(play.world);
    await drain();
  }
}

async function make(play: Play, move: Move): Promise<void> {
  const ending = play.world.network.open().filter(({ isOver }) => !isOver);
  move.make();
  play.labels.push(move.label);
  if (move.isFault) play.faultsLeft -= 1;
  for (const { turn, actor, isOver, answer } of ending) {
    if (isOver) play.told.set(actor, hash([play.told.get(actor), turn, move.label, plain(answer)]));
  }
  await drain();
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
