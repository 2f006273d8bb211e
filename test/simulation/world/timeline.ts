import type { WorkloadRef } from '../../../shared/core/workload.ts';
import type { Choices } from './choices.ts';
import { type Call, drain } from './network.ts';
import { chooseFault, type Fault, fairWeather, isDown, type Weather } from './weather.ts';
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
  at(dueMs: number, run: () => void): void;
  /** Everything that is due until then happens, in order. */
  runUntil(ms: number): Promise<void>;
};

type Due = { readonly dueMs: number; readonly order: number; readonly run: () => void };

export function createTimeline(world: World, choices: Choices): Timeline {
  const queue: Due[] = [];
  const weather = fairWeather();
  let orders = 0;
  const at = (dueMs: number, run: () => void) => {
    orders += 1;
    insert(queue, { dueMs, order: orders, run });
  };
  world.network.onSent = (call) => route({ world, weather, choices, at }, call);
  return {
    weather,
    at,
    async runUntil(ms) {
      await drain();
      for (let due = queue[0]; due !== undefined && due.dueMs <= ms; due = queue[0]) {
        queue.shift();
        world.clock.nowMs = Math.max(world.clock.nowMs, due.dueMs);
        due.run();
        await drain();
      }
      world.clock.nowMs = Math.max(world.clock.nowMs, ms);
    },
  };
}

/** Keeps the queue in the order of time, and of asking within one ms. */
function insert(queue: Due[], due: Due): void {
  const index = queue.findLastIndex((other) => other.dueMs <= due.dueMs);
  queue.splice(index + 1, 0, due);
}

type Route = {
  readonly world: World;
  readonly weather: Weather;
  readonly choices: Choices;
  readonly at: Timeline['at'];
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
    if (fault === 'lost' || isDown(weather, call.system, world.clock.nowMs)) {
      at(endsMs, () => lose(way, call));
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

function lose({ world }: Route, call: Call): void {
  world.network.fail(call, 'lost');
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
