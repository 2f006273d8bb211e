import type { Mode } from '../../../shared/core/decide-branch.ts';
import { messageOf } from '../../../shared/core/message-of.ts';
import type { SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import type { Timing } from '../../../shared/core/timing.ts';
import { createKnownBranches } from '../../../shared/flows/known-branches.ts';
import { createSweep } from '../../../shared/flows/sweep.ts';
import { createTouch, type Touch, type TouchOutcome } from '../../../shared/flows/touch.ts';
import type { BranchStore, Cluster } from '../../../shared/ports.ts';
import type { Happening, Note, Picture } from './fact.ts';

/** A touch or a sweep under way. None of the three: it is not over yet. */
export type Run<Result> = { result?: Result; problem?: string; isCrashed?: true };
export type Visit = Run<TouchOutcome>;
export type Sweep = Run<SweepSummary> & { readonly name: string; readonly swept: SweptBranch[] };

/** The instances of both functions, running the real flows. */
export type Actors = {
  /** An instance of `wake` with caches of its own and a clock that is off by so much; one of its name is replaced. */
  bootWake(instance: string, skewMs?: number): void;
  /** A touch arrives at an instance of `wake`; a held one comes of a request that waits. */
  visit(instance: string, branch: string, options?: { readonly isHeld?: boolean }): Visit;
  /** Cloud Scheduler calls `sleep`: an instance of its own for each sweep. */
  sweep(skewMs?: number): Sweep;
  /** The instance or the sweep dies; the calls that it sent are on their way. */
  crash(actor: string): void;
};

export type Stage = {
  readonly timing: Timing;
  readonly mode: Mode;
  readonly batchSize: number;
  readonly nowMs: () => number;
  readonly note: Note;
  readonly picture: () => Picture;
  /** The world as this actor reaches it. */
  readonly reach: (actor: string) => { readonly cluster: Cluster; readonly store: BranchStore };
  /** Nothing reaches this actor any more. */
  readonly cutOff: (actor: string) => void;
};

export function createActors(stage: Stage): Actors {
  const { timing, nowMs, note, reach, cutOff } = stage;
  const instances = new Map<string, Touch>();
  const runs = new Map<string, Set<Run<unknown>>>();
  let visits = 0;
  let sweeps = 0;

  const boot = (instance: string, skewMs: number): Touch => {
    const ports = reach(instance);
    const now = () => nowMs() + skewMs;
    const known = createKnownBranches({ cluster: ports.cluster, timing, now });
    const touch = createTouch({ ...ports, known, timing, now });
    instances.set(instance, touch);
    return touch;
  };
  const follow = (actor: string, run: Run<unknown>) => {
    runs.set(actor, (runs.get(actor) ?? new Set()).add(run));
  };
  const crash = (actor: string) => {
    cutOff(actor);
    instances.delete(actor);
    for (const run of runs.get(actor) ?? []) if (!isOver(run)) run.isCrashed = true;
    runs.delete(actor);
  };

  return {
    bootWake(instance, skewMs = 0) {
      crash(instance);
      boot(instance, skewMs);
    },
    visit(instance, branch, options = {}) {
      visits += 1;
      const run: Visit = {};
      const touch = instances.get(instance) ?? boot(instance, 0);
      const visit = visits;
      follow(instance, run);
      note({ fact: 'visit-began', by: instance, visit, branch });
      finish(touch(branch, options), run, (told) =>
        note({ fact: 'visit-ended', by: instance, visit, branch, ...told }),
      );
      return run;
    },
    sweep(skewMs = 0) {
      sweeps += 1;
      const run: Sweep = { name: `sweep-${sweeps}`, swept: [] };
      follow(run.name, run);
      note({ fact: 'sweep-began', by: run.name, picture: stage.picture() });
      finish(startSweep(stage, run, skewMs), run, (told) => note(endOfSweep(stage, run, told)));
      return run;
    },
    crash(actor) {
      note({ fact: 'crashed', by: actor });
      crash(actor);
    },
  };
}

function startSweep(stage: Stage, run: Sweep, skewMs: number): Promise<SweepSummary> {
  const { timing, mode, batchSize, nowMs, reach } = stage;
  const sweep = createSweep({
    ...reach(run.name),
    rules: { timing, mode },
    now: () => nowMs() + skewMs,
    expectedProxies: 1,
    batchSize,
    report: (swept) => run.swept.push(swept),
  });
  return sweep({ isDryRun: false });
}

type Told<Result> = { readonly outcome?: Result; readonly problem?: string };

function finish<Result>(flight: Promise<Result>, run: Run<Result>, tell: (told: Told<Result>) => void): void {
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

function isOver(run: Run<unknown>): boolean {
  return run.result !== undefined || run.problem !== undefined;
}
