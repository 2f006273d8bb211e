import { branchOf } from '../../../shared/core/branch.ts';
import { policyOf } from '../../../shared/core/policy.ts';
import { workloadRef } from '../../../shared/core/workload.ts';
import {
  factsOf,
  type History,
  isFaultless,
  lastBefore,
  loweringsOf,
  type Scaled,
  sweepsOf,
  workloadsWithin,
} from '../history.ts';
import { PEOPLE } from '../world/fact.ts';
import { membersAsleepThroughout } from './asleep-throughout.ts';
import { FROZEN_MS, type Invariant, UNDER_WAY_MS } from './invariant.ts';
import { surveysOf } from './surveys.ts';

export const dryRunChangesNothing: Invariant = {
  sentence: 'A dry run scales nothing, and its sweeps write nothing.',
  violations: (history) => [
    ...factsOf(history, 'scaled')
      .filter((scaled) => isDrySweep(history, scaled.by) || isDryWake(history, scaled))
      .map(({ by, ref }) => `${by} is a dry run and scales ${ref}`),
    ...factsOf(history, 'recorded')
      .filter(({ by }) => isDrySweep(history, by))
      .map(({ by, branch }) => `${by} is a dry run and writes the record of ${branch}`),
  ],
};

function isDrySweep(history: History, actor: string): boolean {
  return factsOf(history, 'sweep-began').some(({ by, mode }) => by === actor && mode === 'dry-run');
}

/** What an instance of that name sent before the mode changed may still be under way. */
function isDryWake(history: History, scaled: Scaled): boolean {
  const booted = lastBefore(history, scaled, { kind: 'booted', matches: ({ by }) => by === scaled.by });
  return booted?.mode === 'dry-run' && scaled.atMs - booted.atMs > UNDER_WAY_MS;
}

export const offWakesAll: Invariant = {
  sentence:
    'With the mode off a sweep puts nothing to sleep, and one without a fault wakes all that Dormouse put to sleep.',
  violations: (history) => {
    const sweeps = sweepsOf(history).filter(({ began }) => began.mode === 'off');
    const isOff = (actor: string) =>
      factsOf(history, 'sweep-began').some(({ by, mode }) => by === actor && mode === 'off');
    return [
      ...loweringsOf(history)
        .filter(({ by }) => isOff(by))
        .map(({ by, ref }) => `${by} is off and lowers ${ref}`),
      ...sweeps.filter(isFaultless).flatMap((swept) =>
        membersAsleepThroughout(history, swept)
          .filter((workload) => {
            const record = swept.began.picture.records.get(branchOf(workload) ?? '');
            return (
              record?.asleepSinceMs !== undefined && record.replicas?.[workloadRef(workload)] !== undefined
            );
          })
          .map((workload) => `${workload.name} is at 0 after ${swept.ended.by}, though Dormouse is off`),
      ),
    ];
  },
};

export const optedOutIsLeftAlone: Invariant = {
  sentence: 'A branch that opted out is scaled in neither direction.',
  violations: (history) =>
    factsOf(history, 'scaled')
      .filter(({ by }) => by !== PEOPLE)
      .filter((scaled) => isOptedOut(history, scaled))
      .map(({ by, ref }) => `${by} scales ${ref}, which opted out`),
};

/** Long enough ago: nothing can be under way that was decided before. */
function isOptedOut(history: History, scaled: Scaled): boolean {
  const branch = branchOf(scaled.before) ?? '';
  const states = workloadsWithin(history, scaled, { branch, ms: FROZEN_MS + UNDER_WAY_MS });
  const { timing } = history;
  return surveysOf(history, scaled).every(({ inherited }) =>
    states.every(
      (workloads) => workloads.length > 0 && !policyOf(branch, workloads, { timing, inherited }).isEnabled,
    ),
  );
}
