import type { BranchDecision, BranchState } from './decide-branch.ts';

type Planned = { readonly state: BranchState; readonly decision: BranchDecision };

/** So many branches may be woken by their hours in one sweep: a cluster cannot start them all at once. */
export const MAX_SCHEDULED_WAKES = 10;

/**
 * Puts off what the hours of too many branches ask for at once. The slowest starters come first, since they need the
 * time; the rest sleeps on until the next sweep.
 */
export function limitScheduledWakes<Plan extends Planned>(planned: readonly Plan[]): readonly Plan[] {
  const due = planned.filter(isScheduled);
  if (due.length <= MAX_SCHEDULED_WAKES) return planned;
  const byStart = [...due].sort((one, other) => usualWakeMs(other) - usualWakeMs(one));
  const putOff = new Set(byStart.slice(MAX_SCHEDULED_WAKES));
  return planned.map((plan) =>
    putOff.has(plan) ? { ...plan, decision: { action: 'keep', reason: 'asleep' } as const } : plan,
  );
}

function isScheduled({ decision }: Planned): boolean {
  return decision.action === 'heal' && decision.reason === 'schedule';
}

/** The middle one of its last wakes; 0 if it has none. */
function usualWakeMs({ state }: Planned): number {
  const wakes = [...(state.stored?.record.wakeMs ?? [])].sort((one, other) => one - other);
  return wakes[Math.floor(wakes.length / 2)] ?? 0;
}
