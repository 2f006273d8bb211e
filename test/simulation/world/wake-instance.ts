import type { HoldLimits } from '../../../shared/core/decide-hold.ts';
import type { Timing } from '../../../shared/core/timing.ts';
import { createFollowBranch } from '../../../shared/flows/follow-branch.ts';
import { createHold, type HeldRequest, type HoldOutcome } from '../../../shared/flows/hold.ts';
import { createKnownBranches } from '../../../shared/flows/known-branches.ts';
import type { Pause } from '../../../shared/flows/pause.ts';
import { createWakeTimer } from '../../../shared/flows/record-wake.ts';
import type { Touch } from '../../../shared/flows/touch.ts';
import { createWakeSurroundings } from '../../../shared/flows/wake-surroundings.ts';
import type { Note } from './fact.ts';
import type { Flows } from './flows.ts';
import type { Reach } from './ports-over-network.ts';

/** The flows of one instance of `wake`, with caches of their own. */
export type WakeInstance = {
  readonly touch: Touch;
  readonly hold: (held: HeldRequest) => Promise<HoldOutcome>;
  /** A proxy reports that a branch has a socket open. */
  readonly reportSocket: (branch: string) => Promise<unknown>;
  /** Its own clock. */
  readonly now: () => number;
};

export type WakeInstanceOptions = {
  readonly name: string;
  readonly note: Note;
  readonly flows: Flows;
  readonly reach: Reach;
  readonly timing: Timing;
  readonly limits: HoldLimits;
  readonly now: () => number;
  readonly pause: Pause;
  readonly isDryRun: boolean;
  /** Hears of every touch, that of a hold included. */
  readonly overhear: (touch: Touch) => Touch;
};

/** Assembles the flows as functions/holding.ts does. */
export function createWakeInstance(options: WakeInstanceOptions): WakeInstance {
  const { flows, reach, timing, limits, now, pause, isDryRun, overhear } = options;
  const { cluster, store } = reach;
  const known = createKnownBranches({ cluster, timing, now });
  const readSurroundings = createNotedSurroundings(options);
  const touch = overhear(
    flows.createTouch({ store, cluster, known, readSurroundings, timing, isDryRun, now }),
  );
  const timer = createWakeTimer(store, now);
  const follow = createFollowBranch({
    cluster,
    pause,
    onWaiting: timer.started,
    onReachable: (branch) => void timer.reached(branch),
  });
  const hold = createHold({ touch, follow, limits, now, pause });
  return { touch, hold, reportSocket: store.stampBackground, now };
}

/** Notes what each wake goes by. */
function createNotedSurroundings({ name, note, reach, now, pause }: WakeInstanceOptions) {
  const read = createWakeSurroundings({ cluster: reach.cluster, now, pause });
  return async () => {
    const surroundings = await read();
    note({ fact: 'surveyed', by: name, ...surroundings });
    return surroundings;
  };
}
