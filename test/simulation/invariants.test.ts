import { describe, expect, test } from 'vitest';
import type { RecordChange } from '../../shared/core/branch-record.ts';
import type { SweepSummary } from '../../shared/core/summarize-sweep.ts';
import type { BranchResult } from '../../shared/core/sweep-result.ts';
import type { TouchOutcome } from '../../shared/flows/touch.ts';
import { aWorldAfter, HOUR, MINUTE, PAIR, SOLO } from './a-world.ts';
import {
  backgroundAloneIsBounded,
  backgroundWakesNobody,
  heededBackgroundKeepsAwake,
  ordinaryIsNotLeftAsleep,
} from './invariants/background.ts';
import { calmEndsInSleep, nothingFlaps } from './invariants/calm.ts';
import {
  failureHasCause,
  onlyFullyAwakeEndsClaim,
  sleepIsRemembered,
  undoneIsAwake,
} from './invariants/claims.ts';
import { contestIsFair, contestIsRemembered } from './invariants/contests.ts';
import {
  deletedIsOfBranch,
  deletedWasUnused,
  deletionIsAllowed,
  deletionIsAnnounced,
} from './invariants/deletions.ts';
import {
  heldIsAnswered,
  heldIsNotGivenUp,
  reachableIsLetGo,
  sentOnMeansReachable,
} from './invariants/holds.ts';
import type { Invariant } from './invariants/invariant.ts';
import { dryRunChangesNothing, offWakesAll, optedOutIsLeftAlone } from './invariants/modes.ts';
import {
  handIsLeftAlone,
  onlyReplicasChange,
  replicasReturn,
  wokenByHandStaysAwake,
} from './invariants/people.ts';
import {
  expectedIsNoContest,
  scheduledWakesAreFew,
  unreadableKeepsAwake,
  wakesWithinBounds,
} from './invariants/schedules.ts';
import { neverEarly, outageKeepsAwake, protectedStaysAwake, sleptMeansSlept } from './invariants/sleepers.ts';
import {
  awakeMeansAwake,
  inUseIsAwake,
  recordedMeansRecorded,
  touchWakes,
  unknownMeansUnknown,
  visitedGoFirst,
  visitedIsHealed,
} from './invariants/visitors.ts';
import { INVARIANTS } from './invariants.ts';
import { createSteps, type Steps } from './steps.ts';
import type { FactOf, Mode } from './world/fact.ts';
import type { World } from './world/world.ts';

type Break = (world: World, steps: Steps) => void | Promise<void>;
type Broken = { readonly invariant: Invariant; readonly isAsleep?: true; readonly by: Break };

const REF = `deployment/${SOLO}` as const;
/** A sweep that does what it likes. */
const ROGUE = 'sweep-9';
const REPLICAS = { [REF]: 2 };

function lower({ cluster }: World): void {
  cluster.lower(ROGUE, REF, cluster.read(REF)?.resourceVersion ?? '');
}

function update({ store, clock }: World, change: RecordChange): void {
  const version = store.readAll().records.get(SOLO)?.version ?? '';
  store.update({ by: ROGUE, stampMs: clock.nowMs }, { branch: SOLO, version, change });
}

const claim = (world: World) => update(world, { asleepSince: 'now', replicas: REPLICAS });
const endClaim = (world: World) => update(world, { asleepSince: 'clear', replicas: 'clear' });
const stamp = ({ store, clock }: World) => store.stampVisit({ by: 'wake-9', stampMs: clock.nowMs }, SOLO);

const background = ({ store, clock }: World) =>
  store.stampBackground({ by: 'wake-9', stampMs: clock.nowMs }, SOLO);

function remove({ cluster }: World): void {
  const workload = cluster.read(REF);
  if (workload !== undefined) cluster.removeCondemned(ROGUE, workload);
}

/** A sweep that says that it ended like this. */
function sweep(world: World, result: BranchResult, act: (world: World) => void = () => {}): void {
  beginSweep(world, 'on');
  act(world);
  const decision = { action: 'keep', reason: 'active' } as const;
  world.note({ ...endOfSweep(world), swept: [{ branch: SOLO, decision, result }] });
}

function endOfSweep(world: World) {
  const summary = {} as SweepSummary;
  return { fact: 'sweep-ended', by: ROGUE, picture: world.picture(), summary } as const;
}

function beginSweep(world: World, mode: Mode): void {
  world.note({ fact: 'sweep-began', by: ROGUE, picture: world.picture(), mode });
}

const STAMP = { stamp: 'written' } as const;
const AWAKE: TouchOutcome = { outcome: 'awake', stamp: STAMP };

/** A touch that says that it ended like this. */
function visit(world: World, outcome = AWAKE): void {
  const about = { by: 'wake-9', visit: 99, branch: SOLO };
  world.note({ fact: 'visit-began', ...about });
  world.note({ fact: 'visit-ended', ...about, outcome });
}

const CALLER = { isNavigation: false, isBackground: false, tries: 0, rounds: 0, waitedMs: 0 };
type Outcome = FactOf<'hold-ended'>['outcome'];

/** A hold that ends like this, so long after its touch. */
function hold(world: World, { outcome, afterMs }: { outcome: Outcome; afterMs: number }): void {
  const about = { by: 'wake-9', hold: 99, branch: SOLO };
  world.note({ fact: 'hold-began', ...about, visitor: CALLER });
  visit(world);
  world.clock.nowMs += afterMs;
  world.note({ fact: 'hold-ended', ...about, outcome });
}

const SENT_ON = { answer: 'awake', reason: 'reachable' } as const;
const GIVEN_UP = { answer: 'page', reason: 'patience-over' } as const;

const KEPT = { result: 'kept', reason: 'active' } as const;
const SLEPT = { result: 'slept', replicas: REPLICAS } as const;

const broken: readonly Broken[] = [
  {
    invariant: inUseIsAwake,
    by: (world) => {
      stamp(world);
      visit(world);
      lower(world);
      sweep(world, KEPT);
    },
  },
  {
    invariant: visitedIsHealed,
    isAsleep: true,
    by: (world) => {
      stamp(world);
      sweep(world, KEPT);
    },
  },
  {
    invariant: visitedGoFirst,
    by: (world) => {
      beginSweep(world, 'on');
      const heal = { action: 'heal', reason: 'visited' } as const;
      const late = { result: 'kept', reason: 'deadline' } as const;
      const swept = [
        { branch: SOLO, decision: heal, result: late },
        { branch: PAIR, decision: { action: 'sleep', idleMs: 0 }, result: SLEPT },
      ] as const;
      world.note({ ...endOfSweep(world), swept });
    },
  },
  {
    invariant: touchWakes,
    isAsleep: true,
    by: (world) => visit(world, { outcome: 'woken', stamp: STAMP, woken: [] }),
  },
  { invariant: awakeMeansAwake, isAsleep: true, by: (world) => visit(world) },
  { invariant: recordedMeansRecorded, by: (world) => visit(world) },
  { invariant: unknownMeansUnknown, by: (world) => visit(world, { outcome: 'no-such-branch' }) },
  {
    invariant: neverEarly,
    by: (world) => {
      stamp(world);
      claim(world);
      lower(world);
    },
  },
  {
    invariant: protectedStaysAwake,
    by: (world, steps) => {
      world.store.pin(SOLO, world.clock.nowMs + 20 * MINUTE);
      steps.pass(11 * MINUTE);
      claim(world);
      lower(world);
    },
  },
  {
    invariant: outageKeepsAwake,
    by: (world) =>
      sweep(world, SLEPT, () => {
        const about = { system: 'store', method: 'readRecord', subject: SOLO } as const;
        world.note({ fact: 'fault', by: ROGUE, ...about, fault: 'lost' });
      }),
  },
  { invariant: sleptMeansSlept, by: (world) => sweep(world, SLEPT) },
  { invariant: sleepIsRemembered, by: lower },
  { invariant: onlyFullyAwakeEndsClaim, isAsleep: true, by: endClaim },
  {
    invariant: undoneIsAwake,
    by: (world) =>
      sweep(world, { result: 'undone', reason: 'conflict' }, () => {
        claim(world);
        lower(world);
      }),
  },
  {
    invariant: contestIsFair,
    isAsleep: true,
    by: (world) => {
      stamp(world);
      update(world, { contested: 1 });
    },
  },
  { invariant: failureHasCause, by: (world) => sweep(world, { result: 'failed', problem: 'a bug' }) },
  { invariant: replicasReturn, isAsleep: true, by: ({ cluster }) => void cluster.raise('wake-9', REF, 7) },
  {
    invariant: onlyReplicasChange,
    by: ({ cluster }) => {
      cluster.scale('deployment/database', 0);
      cluster.raise('wake-9', 'deployment/database', 1);
    },
  },
  {
    invariant: optedOutIsLeftAlone,
    by: (world, steps) => {
      const annotations = { 'dormouse/enabled': 'false' };
      world.cluster.apply({ kind: 'deployment', name: SOLO, annotations });
      steps.pass(HOUR);
      lower(world);
    },
  },
  {
    invariant: handIsLeftAlone,
    by: ({ cluster }) => {
      cluster.scale(REF, 0);
      cluster.raise(ROGUE, REF, 1);
    },
  },
  {
    invariant: wokenByHandStaysAwake,
    isAsleep: true,
    by: (world, steps) => {
      world.cluster.scale(REF, 2);
      endClaim(world);
      steps.pass(MINUTE);
      claim(world);
      lower(world);
    },
  },
  {
    invariant: calmEndsInSleep,
    by: (world) => {
      world.note({ fact: 'calm' });
      sweep(world, KEPT);
    },
  },
  {
    invariant: nothingFlaps,
    by: (world, steps) => {
      world.note({ fact: 'calm' });
      steps.pass(HOUR);
      lower(world);
      world.cluster.raise(ROGUE, REF, 2);
    },
  },
  {
    invariant: dryRunChangesNothing,
    by: (world) => {
      beginSweep(world, 'dry-run');
      lower(world);
    },
  },
  {
    invariant: offWakesAll,
    isAsleep: true,
    by: (world) => {
      beginSweep(world, 'off');
      world.note({ ...endOfSweep(world), swept: [] });
    },
  },
  { invariant: heldIsAnswered, by: (world) => hold(world, { outcome: GIVEN_UP, afterMs: MINUTE }) },
  { invariant: heldIsNotGivenUp, by: (world) => hold(world, { outcome: GIVEN_UP, afterMs: MINUTE / 3 }) },
  {
    invariant: sentOnMeansReachable,
    isAsleep: true,
    by: (world) => hold(world, { outcome: SENT_ON, afterMs: 0 }),
  },
  {
    invariant: reachableIsLetGo,
    by: (world) => {
      world.note({ fact: 'serving', by: 'people', branch: SOLO, endpoints: 1 });
      hold(world, { outcome: GIVEN_UP, afterMs: 24_000 });
    },
  },
  {
    invariant: contestIsRemembered,
    isAsleep: true,
    by: (world) => {
      update(world, { contested: 2 });
      world.note({ fact: 'looked', by: ROGUE, branch: SOLO, workloads: world.cluster.readBranch(SOLO) });
      update(world, { contested: 'clear' });
    },
  },
  {
    invariant: expectedIsNoContest,
    isAsleep: true,
    by: (world) => {
      world.store.pin(SOLO, world.clock.nowMs + HOUR);
      const decision = { action: 'heal', reason: 'pinned' } as const;
      beginSweep(world, 'on');
      world.cluster.raise(ROGUE, REF, 2);
      const result = { result: 'healed', woken: [] } as const;
      world.note({ ...endOfSweep(world), swept: [{ branch: SOLO, decision, result }] });
      update(world, { asleepSince: 'clear', contested: 1 });
    },
  },
  {
    invariant: scheduledWakesAreFew,
    by: (world) => {
      beginSweep(world, 'on');
      const decision = { action: 'heal', reason: 'schedule' } as const;
      const result = { result: 'healed', woken: [] } as const;
      const swept = Array.from({ length: 11 }, () => ({ branch: SOLO, decision, result }));
      world.note({ ...endOfSweep(world), swept });
    },
  },
  {
    invariant: wakesWithinBounds,
    isAsleep: true,
    by: (world) => {
      const bounds = new Map([[REF, { min: 3, max: 5 }]]);
      world.note({ fact: 'surveyed', by: ROGUE, bounds });
      world.cluster.raise(ROGUE, REF, 2);
    },
  },
  {
    invariant: unreadableKeepsAwake,
    by: (world) => {
      const about = { system: 'cluster', method: 'listJobs', subject: '' } as const;
      world.note({ fact: 'fault', by: ROGUE, ...about, fault: 'lost' });
      lower(world);
    },
  },
  {
    invariant: heededBackgroundKeepsAwake,
    by: (world, steps) => {
      background(world);
      steps.pass(MINUTE);
      claim(world);
      lower(world);
    },
  },
  {
    invariant: backgroundAloneIsBounded,
    by: (world, steps) => {
      steps.pass(HOUR);
      sweep(world, { result: 'kept', reason: 'background-activity' });
    },
  },
  {
    invariant: backgroundWakesNobody,
    isAsleep: true,
    by: (world, steps) => {
      steps.pass(HOUR);
      world.note({ fact: 'surveyed', by: 'wake-9', inherited: {} });
      world.cluster.raise('wake-9', REF, 2);
    },
  },
  {
    invariant: ordinaryIsNotLeftAsleep,
    isAsleep: true,
    by: (world) => visit(world, { outcome: 'left-asleep', stamp: STAMP }),
  },
  {
    invariant: deletionIsAllowed,
    isAsleep: true,
    by: (world) => {
      beginSweep(world, 'on');
      remove(world);
    },
  },
  { invariant: deletedIsOfBranch, by: remove },
  { invariant: deletedWasUnused, isAsleep: true, by: remove },
  { invariant: deletionIsAnnounced, isAsleep: true, by: remove },
];

describe('invariants', () => {
  test.each(broken.map((entry) => [entry.invariant.sentence, entry] as const))(
    'what breaks it is noticed: %s',
    async (_sentence, { invariant, isAsleep, by }) => {
      const world = await aWorldAfter(isAsleep ? 2 : 1, [SOLO]);
      expect(invariant.violations(world)).toEqual([]);
      await by(world, createSteps(world));
      expect(invariant.violations(world)).not.toEqual([]);
    },
  );

  test('each of them is broken once', () => {
    expect(broken.map(({ invariant }) => invariant)).toEqual(INVARIANTS);
  });
});
