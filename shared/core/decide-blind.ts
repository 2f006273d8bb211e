import type { Heartbeat } from './branch-record.ts';
import type { Timing } from './timing.ts';

/** Whether the sweep may trust that it would have heard of visits. */
export type Sight =
  /** `heardSinceMs`: since then every visit was heard of. 0: as long as anybody remembers. */
  | { readonly sight: 'clear'; readonly heardSinceMs: number }
  | {
      readonly sight: 'blind';
      readonly reason: 'no-heartbeat' | 'proxy-silent' | 'too-few-proxies';
      /** One sentence for the person who is alerted. */
      readonly explanation: string;
    };

/**
 * Decides whether touches may be getting lost: no proxy beat of late, one that did fell silent, or fewer beat
 * than there should be. Fails closed: a blind sweep puts nothing to sleep.
 */
export function decideBlind(
  heartbeats: readonly Heartbeat[],
  limits: { readonly timing: Timing; readonly expectedProxies: number },
  nowMs: number,
): Sight {
  const { timing, expectedProxies } = limits;
  const isWithin = (ms: number) => (beat: Heartbeat) => nowMs - beat.lastBeatMs <= ms;
  const remembered = heartbeats.filter(isWithin(timing.heartbeatMemoryMs));
  const beating = remembered.filter(isWithin(timing.heartbeatSilenceMs));
  const silent = remembered.filter((beat) => !beating.includes(beat)).map((beat) => beat.proxy);
  if (beating.length === 0) return blind('no-heartbeat', 'no proxy reports that touches arrive');
  if (silent.length > 0)
    return blind('proxy-silent', `no heartbeat of late from ${silent.sort().join(', ')}`);
  if (beating.length < expectedProxies) {
    return blind('too-few-proxies', `${beating.length} proxies beat, ${expectedProxies} are expected`);
  }
  return { sight: 'clear', heardSinceMs: Math.max(0, ...heartbeats.map((beat) => beat.resumedMs ?? 0)) };
}

type Blind = Extract<Sight, { sight: 'blind' }>;

function blind(reason: Blind['reason'], explanation: string): Blind {
  return { sight: 'blind', reason, explanation };
}
