import { branchOf } from '../../../shared/core/branch.ts';
import { type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import type { Agenda } from './agenda.ts';
import type { ClusterState } from './cluster-state.ts';
import { type FactOf, type Happening, PEOPLE } from './fact.ts';
import type { NamespaceState } from './namespace-state.ts';

/** How somebody puts replicas back that Dormouse has set to 0: `kubectl scale`, the old manifest, or a new one. */
export type Fight = 'scale' | 'apply' | 'deploy';

/** What controllers and people do because of what happens to a workload, a little later. */
export type Reactions = {
  /** From now on somebody puts this branch's replicas back at each sleep; `undefined`: nobody does any more. */
  fight(branch: string, how: Fight | undefined): void;
  /** Nobody fights any more. */
  endFights(): void;
  /** An HPA without work takes its workload to 0, if it may. */
  idle(ref: WorkloadRef): void;
  heed(happening: Extract<Happening, { fact: 'scaled' | 'changed' }>): void;
};

type Surroundings = {
  readonly agenda: Agenda;
  readonly nowMs: () => number;
  readonly cluster: ClusterState;
  readonly namespace: NamespaceState;
};

const HPA_AFTER_MS = 15_000;
const FIGHT_AFTER_MS = 20_000;

export function createReactions({ agenda, nowMs, cluster, namespace }: Surroundings): Reactions {
  const fights = new Map<string, Fight>();

  /** It leaves alone what is at 0. Source: HorizontalPodAutoscaler, ScalingDisabled. */
  function scaleIntoBounds(ref: WorkloadRef): void {
    const replicas = cluster.read(ref)?.replicas ?? 0;
    const { min = 0, max = replicas } = namespace.bounds().get(ref) ?? {};
    if (replicas > 0) cluster.scale(ref, Math.max(1, Math.min(Math.max(replicas, min), max)));
  }

  function putBack({ ref, before }: Pick<FactOf<'scaled'>, 'ref' | 'before'>): void {
    const how = fights.get(branchOf(before) ?? '');
    const { kind, name, replicas } = before;
    if (how === undefined || cluster.read(ref) === undefined) return;
    if (how === 'scale') cluster.scale(ref, replicas);
    else cluster.apply({ kind, name, replicas, isNewTemplate: how === 'deploy' });
  }

  return {
    fight(branch, how) {
      if (how === undefined) fights.delete(branch);
      else fights.set(branch, how);
    },
    endFights: () => fights.clear(),
    idle(ref) {
      if (namespace.bounds().get(ref)?.min === 0) cluster.scale(ref, 0);
    },
    heed(happening) {
      const { by, before, after } = happening;
      if (after === undefined) return;
      const ref = workloadRef(after);
      if (happening.fact === 'changed') namespace.deployed(after);
      if (namespace.bounds().has(ref)) agenda.at(nowMs() + HPA_AFTER_MS, () => scaleIntoBounds(ref));
      const isLowered = by !== PEOPLE && before !== undefined && after.replicas === 0;
      if (isLowered) agenda.at(nowMs() + FIGHT_AFTER_MS, () => putBack({ ref, before }));
    },
  };
}
