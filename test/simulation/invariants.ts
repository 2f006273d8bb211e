import type { History } from './history.ts';
import { calmEndsInSleep } from './invariants/calm.ts';
import {
  contestIsFair,
  failureHasCause,
  onlyFullyAwakeEndsClaim,
  sleepIsRemembered,
  undoneIsAwake,
} from './invariants/claims.ts';
import type { Invariant } from './invariants/invariant.ts';
import {
  handIsLeftAlone,
  onlyReplicasChange,
  replicasReturn,
  wokenByHandStaysAwake,
} from './invariants/people.ts';
import { neverEarly, outageKeepsAwake, protectedStaysAwake, sleptMeansSlept } from './invariants/sleepers.ts';
import {
  awakeMeansAwake,
  inUseIsAwake,
  recordedMeansRecorded,
  visitedIsHealed,
} from './invariants/visitors.ts';

/** All that must hold in every story. */
export const INVARIANTS: readonly Invariant[] = [
  inUseIsAwake,
  visitedIsHealed,
  awakeMeansAwake,
  recordedMeansRecorded,
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
  handIsLeftAlone,
  wokenByHandStaysAwake,
  calmEndsInSleep,
];

/** What does not hold in a story, each with the sentence that it breaks. */
export function violationsOf(history: History): readonly string[] {
  return INVARIANTS.flatMap(({ sentence, violations }) =>
    violations(history).map((violation) => `${violation}. Broken: ${sentence}`),
  );
}
