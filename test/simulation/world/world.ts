import type { Mode } from '../../../shared/core/decide-branch.ts';
import type { Timing } from '../../../shared/core/timing.ts';
import { type Actors, createActors } from './actors.ts';
import { type ClusterState, createClusterState, type Manifest } from './cluster-state.ts';
import type { Fact, Happening, Note, Picture } from './fact.ts';
import { createNetwork, type Network } from './network.ts';
import { createClusterPort, createStorePort } from './ports-over-network.ts';
import { createStoreState, type StoreState } from './store-state.ts';

export type WorldOptions = {
  readonly timing: Timing;
  readonly startMs: number;
  readonly manifests: readonly Manifest[];
  readonly mode?: Mode;
  readonly batchSize?: number;
};

/** What Dormouse lives in, in memory: no time but its own, no step but those that are asked of its network. */
export type World = Actors & {
  readonly timing: Timing;
  readonly clock: { nowMs: number };
  readonly cluster: ClusterState;
  readonly store: StoreState;
  readonly network: Network;
  readonly facts: readonly Fact[];
  readonly note: Note;
  readonly picture: () => Picture;
};

export function createWorld(options: WorldOptions): World {
  const { timing, startMs, manifests, mode = 'on', batchSize = 20 } = options;
  const clock = { nowMs: startMs };
  const nowMs = () => clock.nowMs;
  const facts: Fact[] = [];
  const note = (happening: Happening) => void facts.push({ ...happening, atMs: clock.nowMs });
  const network = createNetwork({ nowMs, note });
  const cluster = createClusterState({ nowMs, note });
  const store = createStoreState({ nowMs, note });
  const picture = (): Picture => ({
    workloads: cluster.list(),
    records: store.records(),
    lastBeatMs: store.lastBeatMs(),
  });
  const reach = (actor: string) => {
    const wires = { actor, network, cluster, store, nowMs, note };
    return { cluster: createClusterPort(wires), store: createStorePort(wires) };
  };
  const cutOff = (actor: string) => network.abandon(actor);
  const actors = createActors({ timing, mode, batchSize, nowMs, note, picture, reach, cutOff });
  for (const manifest of manifests) cluster.apply(manifest);
  store.beat('proxy-1', true);
  return { ...actors, timing, clock, cluster, store, network, facts, note, picture };
}
