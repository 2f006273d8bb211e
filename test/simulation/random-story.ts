import fc from 'fast-check';
import { aWorld, MANIFESTS, MINUTE, PAIR, SECOND, SET, SOLO } from './a-world.ts';
import type { History } from './history.ts';
import { choicesFrom } from './world/choices.ts';
import type { Manifest } from './world/cluster-state.ts';
import { createTimeline, type Timeline } from './world/timeline.ts';
import type { World } from './world/world.ts';

/** Something that happens to Dormouse from outside. */
export type Incident =
  | { readonly what: 'visit'; readonly branch: string; readonly instance: string; readonly isHeld: boolean }
  | { readonly what: 'sweep'; readonly skewMs: number }
  | { readonly what: 'crash-wake'; readonly instance: string; readonly skewMs: number }
  | { readonly what: 'crash-sweeps' }
  | { readonly what: 'weather'; readonly isFoul: boolean }
  | { readonly what: 'outage'; readonly system: 'cluster' | 'store'; readonly lastsMs: number }
  | { readonly what: 'proxy'; readonly isBeating: boolean }
  | { readonly what: 'deploy'; readonly manifest: Manifest }
  | { readonly what: 'scale'; readonly workload: Manifest; readonly replicas: number }
  | { readonly what: 'status'; readonly workload: Manifest }
  | { readonly what: 'remove'; readonly branch: string }
  | { readonly what: 'corrupt'; readonly branch: string; readonly isCorrupt: boolean }
  | { readonly what: 'pin'; readonly branch: string; readonly lastsMs: number };

/** Where the branches stand when the story begins: never seen, idle for long, or put to sleep. */
export type Opening = 'new' | 'idle' | 'asleep';

/** Incidents, each so long after the one before, and the choices of the network. */
export type RandomStory = {
  readonly opening: Opening;
  readonly isFoul: boolean;
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
];

const branch = fc.constantFrom(...BRANCHES);
const instance = fc.constantFrom(...INSTANCES);
const workload = fc.constantFrom(...WORKLOADS);
const skewMs = fc.constantFrom(0, -2 * MINUTE, 2 * MINUTE);
const lastsMs = fc.constantFrom(MINUTE, 5 * MINUTE, 20 * MINUTE);

const deployed: fc.Arbitrary<Manifest> = fc
  .record({
    workload,
    annotations: fc.constantFrom(...ANNOTATIONS),
    replicas: fc.constantFrom(undefined, 1, 3),
    isRolloutUnfinished: fc.constantFrom(false, false, true),
  })
  .map(({ workload: { kind, name, branchLabel }, replicas, ...rest }) => ({
    kind,
    name,
    ...rest,
    ...(branchLabel === undefined ? {} : { branchLabel }),
    ...(replicas === undefined ? {} : { replicas }),
  }));

const incident: fc.Arbitrary<Incident> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('visit' as const), branch, instance, isHeld: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('sweep' as const), skewMs }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('crash-wake' as const), instance, skewMs }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('crash-sweeps' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('weather' as const), isFoul: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('outage' as const),
      system: fc.constantFrom('cluster', 'store'),
      lastsMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('proxy' as const), isBeating: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('deploy' as const), manifest: deployed }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('scale' as const),
      workload,
      replicas: fc.constantFrom(0, 1, 6),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('status' as const), workload }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('remove' as const), branch }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('corrupt' as const), branch, isCorrupt: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('pin' as const), branch, lastsMs }) },
);

/** Most incidents come while others are still under way. */
const afterMs = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 15, 60, 250, 700) },
  { weight: 2, arbitrary: fc.constantFrom(2, 5, 12, 40).map((seconds) => seconds * SECOND) },
  { weight: 2, arbitrary: fc.constantFrom(3, 6, 11).map((minutes) => minutes * MINUTE) },
);

export const randomStory: fc.Arbitrary<RandomStory> = fc.record({
  opening: fc.constantFrom('new', 'idle', 'asleep'),
  isFoul: fc.boolean(),
  incidents: fc.array(fc.record({ afterMs, incident }), { minLength: 1, maxLength: 40, size: 'max' }),
  choices: fc.array(fc.nat({ max: 9_999 }), { maxLength: 500, size: 'max' }),
});

/** Lets a story happen, and after it calm: sweeps alone, until there should be nothing left to do. */
export async function tell(story: RandomStory): Promise<History> {
  const world = aWorld(BRANCHES);
  await open(world, story.opening);
  const timeline = createTimeline(world, choicesFrom(story.choices));
  timeline.weather.isFoul = story.isFoul;
  for (const { afterMs, incident } of story.incidents) {
    await timeline.runUntil(world.clock.nowMs + afterMs);
    happen(world, timeline, incident);
  }
  await calmDown(world, timeline);
  return { facts: world.facts, timing: world.timing };
}

async function open(world: World, opening: Opening): Promise<void> {
  const timeline = createTimeline(world, choicesFrom([]));
  const sweeps = { new: 0, idle: 1, asleep: 2 }[opening];
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    world.sweep();
    await timeline.runUntil(world.clock.nowMs + 11 * MINUTE);
  }
}

function happen(world: World, { weather }: Timeline, incident: Incident): void {
  const { clock, cluster, store } = world;
  switch (incident.what) {
    case 'visit':
      world.visit(incident.instance, incident.branch, { isHeld: incident.isHeld });
      break;
    case 'sweep':
      world.sweep(incident.skewMs);
      break;
    case 'crash-wake':
      world.crash(incident.instance);
      world.bootWake(incident.instance, incident.skewMs);
      break;
    case 'crash-sweeps':
      for (const sweep of new Set(world.network.open().map(({ actor }) => actor)))
        if (sweep.startsWith('sweep')) world.crash(sweep);
      break;
    case 'weather':
      weather.isFoul = incident.isFoul;
      break;
    case 'outage':
      weather.downUntilMs[incident.system] = clock.nowMs + incident.lastsMs;
      break;
    case 'proxy':
      store.beat('proxy-1', incident.isBeating);
      break;
    case 'deploy':
      cluster.apply(incident.manifest);
      break;
    case 'scale':
      cluster.scale(`${incident.workload.kind}/${incident.workload.name}`, incident.replicas);
      break;
    case 'status':
      cluster.writeStatus(`${incident.workload.kind}/${incident.workload.name}`);
      break;
    case 'remove':
      for (const { kind, name } of MANIFESTS[incident.branch] ?? []) cluster.remove(`${kind}/${name}`);
      break;
    case 'corrupt':
      store.corrupt(incident.branch, incident.isCorrupt);
      break;
    case 'pin':
      store.pin(incident.branch, clock.nowMs + incident.lastsMs);
      break;
    default:
      incident satisfies never;
  }
}

/** What is under way ends late; then sweeps every 5 minutes, a day of rest for what was contested, and sweeps again. */
async function calmDown(world: World, timeline: Timeline): Promise<void> {
  const { weather } = timeline;
  weather.isFoul = false;
  weather.downUntilMs.cluster = 0;
  weather.downUntilMs.store = 0;
  world.store.beat('proxy-1', true);
  await timeline.runUntil(world.clock.nowMs + 2 * MINUTE);
  world.note({ fact: 'calm' });
  for (const pauseMs of [0, 5, 5, 5, 25 * 60, 5, 15, 5, 5].map((minutes) => minutes * MINUTE)) {
    await timeline.runUntil(world.clock.nowMs + pauseMs);
    world.sweep();
    await timeline.runUntil(world.clock.nowMs + MINUTE);
  }
}
