import type { HoldLimits } from '../../../shared/core/decide-hold.ts';
import { messageOf } from '../../../shared/core/message-of.ts';
import type { SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import type { Timing } from '../../../shared/core/timing.ts';
import type { HoldOutcome } from '../../../shared/flows/hold.ts';
import type { Touch, TouchOptions, TouchOutcome } from '../../../shared/flows/touch.ts';
import { type Agenda, createPause, type Life } from './agenda.ts';
import type { Happening, Mode, Note, Picture } from './fact.ts';
import type { Flows } from './flows.ts';
import type { Reach } from './ports-over-network.ts';
import type { Hold, HoldAnswer } from './proxy.ts';
import { createWakeInstance, type WakeInstance } from './wake-instance.ts';

/** A touch or a sweep under way. Neither result nor problem: it is not over yet, or never will be. */
export type Run<Result> = { result?: Result; problem?: string };
export type Visit = Run<TouchOutcome>;
export type Sweep = Run<SweepSummary> & { readonly name: string; readonly swept: SweptBranch[] };

export type SweepCall = {
  readonly skewMs?: number;
  /** `?dryRun=true` */
  readonly isDryRun?: boolean;
  /** Its time is over after this; it works on one branch at a time then. */
  readonly deadlineMs?: number;
};

/** The instances of both functions, running the real flows. */
export type Actors = {
  /** An instance of `wake` with caches of its own and a clock that is off by so much; one of its name is replaced. */
  bootWake(instance: string, skewMs?: number): void;
  /** A touch arrives at an instance of `wake`; a held one comes of a request that waits. */
  visit(instance: string, branch: string, options?: TouchOptions): Visit;
  /** nginx reports, by its heartbeat at an instance, that a branch has a socket open. */
  reportSocket(instance: string, branch: string): void;
  /** nginx asks what to do with a request. */
  readonly hold: Hold;
  /** Cloud Scheduler calls `sleep`: an instance of its own for each sweep. */
  sweep(call?: SweepCall): Sweep;
  /** The instance or the sweep dies; the calls that it sent are on their way. */
  crash(actor: string): void;
  /** The instance is told to end: it sends what it holds elsewhere, and is no more. */
  drain(instance: string): void;
};

export type Stage = {
  readonly flows: Flows;
  readonly timing: Timing;
  readonly limits: HoldLimits;
  readonly mode: () => Mode;
  readonly batchSize: number;
  readonly mayDelete: boolean;
  readonly agenda: Agenda;
  readonly nowMs: () => number;
  readonly note: Note;
  readonly picture: () => Picture;
  /** The world as this actor reaches it. */
  readonly reach: (actor: string, life: Life) => Reach;
  /** Nothing reaches this actor any more. */
  readonly cutOff: (actor: string) => void;
};

type Instance = WakeInstance & { readonly holds: Set<(answer: HoldAnswer) => void> };

export function createActors(stage: Stage): Actors {
  const { note, cutOff } = stage;
  const instances = new Map<string, Instance>();
  const overhear = createNotedTouch(stage);
  const hold = createNotedHold(stage);
  const lives = new Map<string, Life>();
  let sweeps = 0;

  const live = (actor: string): Life => {
    const life = { isOver: false };
    lives.set(actor, life);
    return life;
  };
  const boot = (name: string, skewMs: number): Instance => {
    const instance = startInstance(stage, { name, skewMs, life: live(name), overhear });
    instances.set(name, instance);
    return instance;
  };
  const find = (name: string) => instances.get(name) ?? boot(name, 0);
  const end = (actor: string, answer: 'again' | 'died') => {
    cutOff(actor);
    const life = lives.get(actor);
    if (life !== undefined) life.isOver = true;
    for (const release of instances.get(actor)?.holds ?? []) release(answer);
    instances.delete(actor);
  };

  return {
    bootWake(instance, skewMs = 0) {
      end(instance, 'died');
      boot(instance, skewMs);
    },
    visit(instance, branch, options = {}) {
      const run: Visit = {};
      follow(find(instance).touch(branch, options), run, () => {});
      return run;
    },
    reportSocket: (instance, branch) =>
      void find(instance)
        .reportSocket(branch)
        .catch(() => {}),
    hold: (instance, held) => hold(instance, find(instance), held),
    sweep({ skewMs = 0, isDryRun = false, deadlineMs } = {}) {
      sweeps += 1;
      const run: Sweep = { name: `sweep-${sweeps}`, swept: [] };
      const mode = isDryRun ? 'dry-run' : stage.mode();
      note({ fact: 'sweep-began', by: run.name, picture: stage.picture(), mode, mayDelete: stage.mayDelete });
      const flight = startSweep(stage, run, { mode, skewMs, deadlineMs, life: live(run.name) });
      follow(flight, run, (told) => note(endOfSweep(stage, run, told)));
      return run;
    },
    crash(actor) {
      note({ fact: 'crashed', by: actor });
      end(actor, 'died');
    },
    drain(instance) {
      note({ fact: 'crashed', by: instance });
      end(instance, 'again');
    },
  };
}

type Boot = {
  readonly name: string;
  readonly skewMs: number;
  readonly life: Life;
  readonly overhear: ReturnType<typeof createNotedTouch>;
};

function startInstance(stage: Stage, { name, skewMs, life, overhear }: Boot): Instance {
  const { flows, timing, limits, agenda, nowMs, note, reach } = stage;
  const mode = stage.mode();
  note({ fact: 'booted', by: name, mode, skewMs });
  const instance = createWakeInstance({
    name,
    note,
    flows,
    reach: reach(name, life),
    timing,
    limits,
    now: () => nowMs() + skewMs,
    pause: createPause({ agenda, nowMs, life }),
    isDryRun: mode === 'dry-run',
    overhear: (touch) => overhear(name, touch),
  });
  return { ...instance, holds: new Set() };
}

/** Notes the begin and the end of every touch, that of a hold included. */
function createNotedTouch({ note }: Stage): (instance: string, touch: Touch) => Touch {
  let visits = 0;
  return (instance, touch) => async (branch, options) => {
    visits += 1;
    const about = { by: instance, visit: visits, branch, isBackground: options?.isBackground ?? false };
    note({ fact: 'visit-began', ...about });
    try {
      const outcome = await touch(branch, options);
      note({ fact: 'visit-ended', ...about, outcome });
      return outcome;
    } catch (error) {
      note({ fact: 'visit-ended', ...about, problem: messageOf(error) });
      throw error;
    }
  };
}

type Held = Parameters<Hold>[1];

function createNotedHold({ note }: Stage) {
  let holds = 0;
  return (name: string, instance: Instance, { branch, visitor, left }: Held): Promise<HoldAnswer> => {
    holds += 1;
    const about = { by: name, hold: holds, branch };
    note({ fact: 'hold-began', ...about, visitor });
    const { promise, resolve } = Promise.withResolvers<HoldAnswer>();
    const release = (answer: HoldAnswer) => {
      if (answer === 'again') note({ fact: 'hold-ended', ...about, outcome: { answer } });
      resolve(answer);
    };
    instance.holds.add(release);
    const answered = ({ answer, reason }: HoldOutcome) => {
      instance.holds.delete(release);
      note({ fact: 'hold-ended', ...about, outcome: { answer, reason: left.aborted ? 'left' : reason } });
      resolve(answer);
    };
    void instance.hold({ branch, visitor, arrivedMs: instance.now(), left }).then(answered);
    return promise;
  };
}

type Start = {
  readonly mode: Mode;
  readonly skewMs: number;
  readonly deadlineMs: number | undefined;
  readonly life: Life;
};

function startSweep(stage: Stage, run: Sweep, start: Start): Promise<SweepSummary> {
  const { mode, skewMs, deadlineMs, life } = start;
  const { flows, timing, batchSize, mayDelete, nowMs, reach } = stage;
  const sweep = flows.createSweep({
    ...reach(run.name, life),
    settings: { timing, mode: mode === 'off' ? 'off' : 'on', mayDelete },
    now: () => nowMs() + skewMs,
    expectedProxies: 1,
    batchSize: deadlineMs === undefined ? batchSize : 1,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    report: (swept) => run.swept.push(swept),
  });
  return sweep({ isDryRun: mode === 'dry-run' });
}

type Told<Result> = { readonly outcome?: Result; readonly problem?: string };

function follow<Result>(flight: Promise<Result>, run: Run<Result>, tell: (told: Told<Result>) => void): void {
  flight.then(
    (result) => {
      run.result = result;
      tell({ outcome: result });
    },
    (error: unknown) => {
      run.problem = messageOf(error);
      tell({ problem: run.problem });
    },
  );
}

function endOfSweep(stage: Stage, run: Sweep, { outcome, problem }: Told<SweepSummary>): Happening {
  const told = { ...(outcome && { summary: outcome }), ...(problem !== undefined && { problem }) };
  return { fact: 'sweep-ended', by: run.name, picture: stage.picture(), swept: run.swept, ...told };
}
