import type { Choices } from './choices.ts';
import type { Call, System } from './network.ts';

/** What may befall one call. */
export type Fault =
  | 'none'
  /** It never arrives. */
  | 'lost'
  /** Too many requests, a server error: it does not take effect, and its caller hears so. */
  | 'refused'
  /** It takes effect and nobody says so. */
  | 'answer-lost'
  /** It takes effect after its caller gave up. */
  | 'late'
  /** A retry of a call that had succeeded: its answer is the second one's. */
  | 'repeated'
  /** The network delivers it once more, later. */
  | 'duplicated'
  /** Somebody writes the object just before. */
  | 'overtaken'
  /** Its caller's instance freezes, and finds the answer minutes later. */
  | 'frozen'
  /** A list from the past. */
  | 'stale';

/** Of 100 calls in foul weather, how many meet which fault. */
const FOUL: readonly (readonly [Fault, number])[] = [
  ['none', 69],
  ['lost', 4],
  ['refused', 3],
  ['answer-lost', 5],
  ['late', 5],
  ['repeated', 4],
  ['duplicated', 3],
  ['overtaken', 3],
  ['frozen', 4],
];

export type Weather = {
  isFoul: boolean;
  readonly downUntilMs: Record<System, number>;
  /** By method: no right to call it until then. */
  refusedUntilMs: Record<string, number>;
};

export function fairWeather(): Weather {
  return { isFoul: false, downUntilMs: { cluster: 0, store: 0 }, refusedUntilMs: {} };
}

export function isDown(weather: Weather, system: System, nowMs: number): boolean {
  return nowMs < weather.downUntilMs[system];
}

export function chooseFault(weather: Weather, call: Call, choices: Choices): Fault {
  if (call.sentMs < (weather.refusedUntilMs[call.method] ?? 0)) return 'refused';
  if (!weather.isFoul) return 'none';
  const fault = pickWeighted(choices.pick(100));
  if (fault === 'frozen' && !(call.actor.startsWith('sweep') && call.method === 'update')) return 'none';
  if (fault !== 'overtaken') return fault;
  if (call.method === 'listWorkloads') return 'stale';
  return fault;
}

/** What may befall a watch with what it carries: it ends, or it stays open and nothing comes any more. */
export type WatchFault = 'none' | 'cut' | 'silent';

const WATCH_FAULTS: readonly WatchFault[] = ['none', 'none', 'none', 'none', 'cut', 'silent'];

export function chooseWatchFault(weather: Weather, choices: Choices): WatchFault {
  if (!weather.isFoul) return 'none';
  return WATCH_FAULTS[choices.pick(WATCH_FAULTS.length)] ?? 'none';
}

function pickWeighted(number: number): Fault {
  let left = number;
  for (const [fault, weight] of FOUL) {
    if (left < weight) return fault;
    left -= weight;
  }
  return 'none';
}
