import type { WorkloadRef } from '../../../shared/core/workload.ts';
import type { Agenda } from './agenda.ts';
import type { Choices } from './choices.ts';
import { type Call, drain } from './network.ts';
import type { Watch } from './watches.ts';
import { chooseFault, chooseWatchFault, type Fault, fairWeather, isDown, type Weather } from './weather.ts';
import type { World } from './world.ts';

/** Longest a call lasts for its caller: adapters give up then. */
export const LIMIT_MS = { cluster: 10_000, store: 2_000 } as const;
/** Longest a call may be under way after its caller gave up. Source: kube-apiserver ends a request after 60 s. */
const LAGS_MS = [1_000, 5_000, 20_000, 60_000];
/** Parts of the limit that one leg of a call takes. */
const LEGS = [0.002, 0.02, 0.15, 0.45];
/** How long an instance may be frozen. */
const FROZEN_MS = 3 * 60_000;
const STALE_MS = [1_000, 10_000, 60_000];
/** How much older than its write a server's stamp may be. */
const STAMP_AGES_MS = [0, 1, 1_500];

/** Moves the world by its own clock: each call is delayed, and befallen by faults, as the choices say. */
export type Timeline = {
  readonly weather: Weather;
  /** Everything that is due until then happens, in order. */
  runUntil(ms: number): Promise<void>;
};

export function createTimeline(world: World, choices: Choices): Timeline {
  const weather = fairWeather();
  const { at } = world.agenda;
  world.network.onSent = (call) => route({ world, weather, choices, at }, call);
  world.watches.onSent = createEventRoute({ world, weather, choices, at });
  return {
    weather,
    async runUntil(ms) {
      await drain();
      for (let due = world.agenda.take(ms); due !== undefined; due = world.agenda.take(ms)) {
        world.clock.nowMs = Math.max(world.clock.nowMs, due.dueMs);
        due.run();
        await drain();
      }
      world.clock.nowMs = Math.max(world.clock.nowMs, ms);
    },
  };
}

type Route = {
  readonly world: World;
  readonly weather: Weather;
  readonly choices: Choices;
  readonly at: Agenda['at'];
};

function route(way: Route, call: Call): void {
  const { world, weather, choices, at } = way;
  const fault = chooseFault(weather, call, choices);
  const limitMs = LIMIT_MS[call.system];
  const leg = () => limitMs * (LEGS[choices.pick(LEGS.length)] ?? 0);
  if (fault === 'late') {
    routeLate(way, call, world.clock.nowMs + limitMs);
    return;
  }
  const arrivesMs = world.clock.nowMs + leg();
  const frozenMs = fault === 'frozen' ? FROZEN_MS : 0;
  const endsMs = fault === 'answer-lost' ? world.clock.nowMs + limitMs : arrivesMs + leg() + frozenMs;
  at(arrivesMs, () => {
    const refusal = fault === 'lost' || fault === 'refused' ? fault : undefined;
    if (refusal !== undefined || isDown(weather, call.system, world.clock.nowMs)) {
      at(endsMs, () => lose(way, call, refusal));
      return;
    }
    arrive(way, call, fault);
    at(endsMs, () => end(way, call, fault));
  });
}

function routeLate({ world, weather, choices, at }: Route, call: Call, limitMs: number): void {
  const lagMs = LAGS_MS[choices.pick(LAGS_MS.length)] ?? 0;
  at(limitMs, () => world.network.fail(call, 'late'));
  at(limitMs + lagMs, () => {
    if (isDown(weather, call.system, world.clock.nowMs)) world.network.discard(call);
    else world.network.perform(call);
  });
}

function lose({ world }: Route, call: Call, why: Fault = 'lost'): void {
  world.network.fail(call, why);
  world.network.discard(call);
}

function arrive({ world, choices }: Route, call: Call, fault: Fault): void {
  const { network, clock } = world;
  if (fault === 'overtaken') overtake(world, call);
  if (fault === 'stale') {
    network.perform(call, { listedAtMs: clock.nowMs - (STALE_MS[choices.pick(STALE_MS.length)] ?? 0) });
    return;
  }
  const ageMs = call.system === 'store' ? (STAMP_AGES_MS[choices.pick(STAMP_AGES_MS.length)] ?? 0) : 0;
  network.perform(call, { stampedAtMs: Math.max(call.sentMs, clock.nowMs - ageMs) });
  if (fault === 'repeated') network.perform(call);
}

/** Somebody else writes what the call is about, just before it. */
function overtake({ cluster, store }: World, { system, subject }: Call): void {
  if (system === 'store') store.rewrite(subject);
  else cluster.writeStatus(subject as WorkloadRef);
}

function end({ world, choices, at }: Route, call: Call, fault: Fault): void {
  if (fault === 'answer-lost') {
    world.network.fail(call, fault);
    return;
  }
  if (fault === 'duplicated') {
    const lagMs = LAGS_MS[choices.pick(LAGS_MS.length)] ?? 0;
    at(world.clock.nowMs + lagMs, () => world.network.perform(call));
  }
  world.network.answer(call);
}

/** What a watch carries arrives in order, each a little later. */
function createEventRoute({ world, weather, choices, at }: Route): World['watches']['onSent'] {
  const lastMs = new WeakMap<Watch, number>();
  return (watch, servingEndpoints) => {
    const { watches, clock } = world;
    const fault = isDown(weather, 'cluster', clock.nowMs) ? 'cut' : chooseWatchFault(weather, choices);
    const leg = LIMIT_MS.cluster * (LEGS[choices.pick(LEGS.length)] ?? 0);
    const dueMs = Math.max(clock.nowMs + leg, lastMs.get(watch) ?? 0);
    lastMs.set(watch, dueMs);
    if (fault === 'silent') watch.isSilent = true;
    at(dueMs, () => (fault === 'cut' ? watches.cut(watch) : watches.deliver(watch, servingEndpoints)));
  };
}
