import { randomBytes } from 'node:crypto';
import type { HttpFunction } from '@google-cloud/functions-framework';
import type { Config } from '../shared/config.ts';
import type { WakeSurroundings } from '../shared/core/branch.ts';
import { createFollowBranch } from '../shared/flows/follow-branch.ts';
import { createHold } from '../shared/flows/hold.ts';
import type { KnownBranches } from '../shared/flows/known-branches.ts';
import { createLookUp } from '../shared/flows/look-up-branch.ts';
import { createWakeTimer } from '../shared/flows/record-wake.ts';
import type { Touch } from '../shared/flows/touch.ts';
import type { Log } from '../shared/log.ts';
import type { VisitCluster, VisitStore, WatchCluster } from '../shared/ports.ts';
import { createHoldRoute, type HoldRoute } from './hold.ts';
import { createPageRoute } from './page.ts';
import { pause } from './pause.ts';
import { createProgressRoute } from './progress.ts';

export type HoldingDependencies = {
  readonly touch: Touch;
  readonly known: KnownBranches;
  readonly readSurroundings: () => Promise<WakeSurroundings>;
  readonly cluster: VisitCluster & WatchCluster;
  readonly store: VisitStore;
  readonly now: () => number;
  readonly log: Log;
};

/** The routes of requests that wait. */
export type Holding = {
  readonly hold: HoldRoute['route'];
  readonly page: HttpFunction;
  readonly progress: HttpFunction;
  /** Sends all that waits elsewhere, synchronously: this instance ends. */
  readonly releaseAll: () => void;
};

const NONCE_BYTES = 16;
const LOOK_UP_LIMIT_MS = 5_000;

type LookUp = ReturnType<typeof createLookUp>;

/** Assembles what a sleeping branch's visitors need. Loaded with the first of them, off the path of a mirrored visit. */
export function createHolding(config: Config, dependencies: HoldingDependencies): Holding {
  const { touch, cluster, store, known, readSurroundings, now, log } = dependencies;
  const timer = createWakeTimer(store, now);
  const onReachable = async (branch: string) => {
    const wakeMs = await timer.reached(branch);
    if (wakeMs === undefined) return;
    log({ severity: 'INFO', message: `${branch} woke in ${wakeMs} ms`, event: 'wake', branch, wakeMs });
  };
  const onProblem = (branch: string, problem: string) =>
    log({ severity: 'ERROR', message: `${branch} cannot be followed`, event: 'follow', branch, problem });
  const follow = createFollowBranch({
    cluster,
    pause,
    // A mirrored visit may have woken it a moment before: waiting, not scaling, is what starts the clock.
    onWaiting: timer.started,
    onReachable: (branch) => void onReachable(branch),
    onProblem,
  });
  const hold = createHoldRoute({
    hold: createHold({ touch, follow, limits: config.holdLimits, now, pause }),
    log,
  });
  const progress = createProgressRoute({ follow, ask: known.ask, pause, log });
  const { timing, isDryRun } = config;
  const lookUp = withinTime(createLookUp({ cluster, store, known, readSurroundings, timing, isDryRun }));
  const newNonce = () => randomBytes(NONCE_BYTES).toString('base64');
  return {
    hold: hold.route,
    page: createPageRoute({ lookUp, branding: config.branding, newNonce, log }),
    progress: progress.route,
    releaseAll: () => {
      hold.releaseAll();
      progress.endAll();
    },
  };
}

/** A page that comes late is no page: nginx gives up after 10 s and answers by itself. */
function withinTime(lookUp: LookUp): LookUp {
  return async (branch, options) => {
    const answered = new AbortController();
    const late = pause(LOOK_UP_LIMIT_MS, answered.signal).then(() => {
      throw new Error(`Kubernetes did not answer within ${LOOK_UP_LIMIT_MS} ms`);
    });
    late.catch(() => undefined); // it also ends when the answer came first
    return Promise.race([lookUp(branch, options), late]).finally(() => answered.abort());
  };
}
