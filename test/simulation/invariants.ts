import type { History } from './history.ts';
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

/** All that must hold in every story. */
export const INVARIANTS: readonly Invariant[] = [
  inUseIsAwake,
  visitedIsHealed,
  visitedGoFirst,
  touchWakes,
  awakeMeansAwake,
  recordedMeansRecorded,
  unknownMeansUnknown,
  neverEarly,
  protectedStaysAwake,
  outageKeepsAwake,
  sleptMeansSlept,
  sleepIsRemembered,
  onlyFullyAwakeEndsClaim,
  undoneIsAwake,
  contestIsFair,
  failureHasCause,
  replicasReturn,
  onlyReplicasChange,
  optedOutIsLeftAlone,
  handIsLeftAlone,
  wokenByHandStaysAwake,
  calmEndsInSleep,
  nothingFlaps,
  dryRunChangesNothing,
  offWakesAll,
  heldIsAnswered,
  heldIsNotGivenUp,
  sentOnMeansReachable,
  reachableIsLetGo,
  contestIsRemembered,
  expectedIsNoContest,
  scheduledWakesAreFew,
  wakesWithinBounds,
  unreadableKeepsAwake,
  heededBackgroundKeepsAwake,
  backgroundAloneIsBounded,
  backgroundWakesNobody,
  ordinaryIsNotLeftAsleep,
  deletionIsAllowed,
  deletedIsOfBranch,
  deletedWasUnused,
  deletionIsAnnounced,
];

/** What does not hold in a story, each with the sentence that it breaks. */
export function violationsOf(history: History): readonly string[] {
  return INVARIANTS.flatMap(({ sentence, violations }) =>
    violations(history).map((violation) => `${violation}. Broken: ${sentence}`),
  );
}
