import fc from 'fast-check';
import { aWorld, MANIFESTS, MINUTE, PAIR, SECOND, SET, SOLO } from './a-world.ts';
import type { History } from './history.ts';
import { happen, type Incident } from './incident.ts';
import { POLICY_ANNOTATIONS, POLICY_INCIDENTS } from './policy-stories.ts';
import { choicesFrom } from './world/choices.ts';
import type { Manifest } from './world/cluster-state.ts';
import type { Flows } from './world/flows.ts';
import type { Start } from './world/pods.ts';
import { createTimeline, type Timeline } from './world/timeline.ts';
import type { World } from './world/world.ts';

/** Where the branches stand when the story begins: never seen, idle for long, or put to sleep. */
export type Opening = 'new' | 'idle' | 'asleep';

/** Incidents, each so long after the one before, and the choices of the network. */
export type RandomStory = {
  readonly opening: Opening;
  /** How much the clock of each instance of `wake` is off. */
  readonly skewsMs: readonly [number, number];
  readonly isFoul: boolean;
  /** Dormouse may delete branches. */
  readonly mayDelete: boolean;
  readonly incidents: readonly { readonly afterMs: number; readonly incident: Incident }[];
  readonly choices: readonly number[];
};

const BRANCHES = [SOLO, PAIR, SET];
const INSTANCES = ['wake-1', 'wake-2'];
const WORKLOADS = Object.values(MANIFESTS).flat();
const ANNOTATIONS: readonly Record<string, string>[] = [
  {},
  { 'dormouse/enabled': 'false' },
  { 'dormouse/idle-after': '5m' },
  { 'dormouse/idle-after': 'never' },
  { 'dormouse/idle-after': 'soon' },
  { 'dormouse/replicas': '5' },
  { 'dormouse/keep-awake': 'Tue 12:20-13:00 UTC' },
  ...POLICY_ANNOTATIONS,
];
const STARTS: readonly Start[] = [
  { readyAfterMs: 500, listensAfterMs: 0 },
  { readyAfterMs: 4 * SECOND, listensAfterMs: 3 * SECOND },
  { readyAfterMs: 12 * SECOND, listensAfterMs: 0 },
  { readyAfterMs: MINUTE, listensAfterMs: 0 },
  { readyAfterMs: Number.POSITIVE_INFINITY, listensAfterMs: 0 },
];

const branch = fc.constantFrom(...BRANCHES);
const instance = fc.constantFrom(...INSTANCES);
const workload = fc.constantFrom(...WORKLOADS);
const skewMs = fc.constantFrom(0, -2 * MINUTE, 2 * MINUTE);
const lastsMs = fc.constantFrom(MINUTE, 5 * MINUTE, 20 * MINUTE);
const rarely = fc.constantFrom(false, false, false, false, false, true);

const deployed: fc.Arbitrary<Manifest> = fc
  .record({
    workload,
    annotations: fc.constantFrom(...ANNOTATIONS),
    replicas: fc.constantFrom(undefined, 1, 3),
    isRolloutUnfinished: fc.constantFrom(false, false, true),
    isNewTemplate: fc.boolean(),
    trackedBy: fc.constantFrom(undefined, undefined, undefined, 'Flux' as const),
  })
  .map(({ workload: { kind, name, branchLabel }, replicas, trackedBy, ...rest }) => ({
    kind,
    name,
    ...rest,
    ...(branchLabel === undefined ? {} : { branchLabel }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(trackedBy === undefined ? {} : { trackedBy }),
  }));

type Fields<What extends Incident['what']> = {
  readonly [Field in keyof Omit<Extract<Incident, { what: What }>, 'what'>]: fc.Arbitrary<
    Extract<Incident, { what: What }>[Field]
  >;
};

/** How often each comes, and what is left open about it. */
const INCIDENTS: { readonly [What in Incident['what']]: readonly [weight: number, fields: Fields<What>] } = {
  ...POLICY_INCIDENTS,
  visit: [16, { branch, instance, isHeld: fc.boolean(), isBackground: rarely }],
  request: [12, { branch, instance, isNavigation: rarely, isImpatient: rarely }],
  sweep: [14, { skewMs, isDryRun: rarely, isHurried: rarely }],
  'boot-wake': [2, { instance, skewMs, isKilled: fc.boolean() }],
  'crash-sweeps': [4, {}],
  mode: [1, { mode: fc.constantFrom('on', 'off', 'dry-run') }],
  weather: [4, { isFoul: fc.boolean() }],
  outage: [2, { system: fc.constantFrom('cluster', 'store'), lastsMs }],
  watches: [1, { fate: fc.constantFrom('cut', 'silent') }],
  proxy: [2, { proxy: fc.constantFrom('proxy-1', 'proxy-1', 'proxy-2'), isBeating: fc.boolean() }],
  'start-like': [2, { branch, start: fc.constantFrom(...STARTS) }],
  deploy: [3, { manifest: deployed }],
  scale: [4, { workload, replicas: fc.constantFrom(0, 1, 6) }],
  status: [2, { workload }],
  remove: [2, { branch }],
  create: [2, { branch }],
  expire: [2, {}],
  corrupt: [2, { branch, isCorrupt: fc.boolean() }],
  pin: [2, { branch, lastsMs }],
};

const incident = fc.oneof(
  ...Object.entries(INCIDENTS).map(([what, [weight, fields]]) => ({
    weight,
    arbitrary: fc.record({ what: fc.constant(what), ...fields }) as unknown as fc.Arbitrary<Incident>,
  })),
);

/** Most incidents come while others are still under way. */
const afterMs = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 15, 60, 250, 700) },
  { weight: 2, arbitrary: fc.constantFrom(2, 5, 12, 40).map((seconds) => seconds * SECOND) },
  { weight: 2, arbitrary: fc.constantFrom(3, 6, 11).map((minutes) => minutes * MINUTE) },
);

export const randomStory: fc.Arbitrary<RandomStory> = fc.record({
  opening: fc.constantFrom('new', 'idle', 'asleep'),
  skewsMs: fc.tuple(skewMs, skewMs),
  isFoul: fc.boolean(),
  mayDelete: fc.boolean(),
  incidents: fc.array(fc.record({ afterMs, incident }), { minLength: 1, maxLength: 40, size: 'max' }),
  choices: fc.array(fc.nat({ max: 9_999 }), { maxLength: 500, size: 'max' }),
});

/** Lets a story happen, and after it calm: sweeps alone, until there should be nothing left to do. */
export async function tell(story: RandomStory, flows?: Flows): Promise<History> {
  const { mayDelete } = story;
  const world = aWorld(BRANCHES, { mayDelete, ...(flows === undefined ? {} : { flows }) });
  INSTANCES.forEach((name, index) => {
    world.bootWake(name, story.skewsMs[index]);
  });
  await open(world, story.opening);
  const timeline = createTimeline(world, choicesFrom(story.choices));
  timeline.weather.isFoul = story.isFoul;
  for (const { afterMs, incident } of story.incidents) {
    await timeline.runUntil(world.clock.nowMs + afterMs);
    happen(world, timeline, incident);
  }
  await calmDown(world, timeline);
  return { facts: world.facts, timing: world.timing, limits: world.limits };
}

async function open(world: World, opening: Opening): Promise<void> {
  const timeline = createTimeline(world, choicesFrom([]));
  const sweeps = { new: 0, idle: 1, asleep: 2 }[opening];
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    world.sweep();
    await timeline.runUntil(world.clock.nowMs + 11 * MINUTE);
  }
}

/**
 * What is under way ends late; then sweeps every 5 minutes, a day of rest for what was contested, and sweeps again, until
 * what may be deleted is. Pages that were left open go on asking.
 */
async function calmDown(world: World, timeline: Timeline): Promise<void> {
  const { weather } = timeline;
  weather.isFoul = false;
  weather.downUntilMs.cluster = 0;
  weather.downUntilMs.store = 0;
  weather.refusedUntilMs = {};
  world.reactions.endFights();
  world.tabs.quieten();
  world.store.beat('proxy-1', true);
  await timeline.runUntil(world.clock.nowMs + 2 * MINUTE);
  world.note({ fact: 'calm' });
  for (const pauseMs of [0, 5, 5, 5, 25 * 60, 5, 15, 40, 5, 5].map((minutes) => minutes * MINUTE)) {
    await timeline.runUntil(world.clock.nowMs + pauseMs);
    world.tabs.askAll();
    await timeline.runUntil(world.clock.nowMs + MINUTE);
    world.sweep();
    await timeline.runUntil(world.clock.nowMs + MINUTE);
  }
}
