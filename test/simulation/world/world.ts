import type { HoldLimits } from '../../../shared/core/decide-hold.ts';
import type { Timing } from '../../../shared/core/timing.ts';
import { type Actors, createActors } from './actors.ts';
import { type Agenda, createAgenda, type Life } from './agenda.ts';
import { type ClusterState, createClusterState, type Manifest } from './cluster-state.ts';
import type { Fact, Happening, Mode, Note, Picture } from './fact.ts';
import { type Flows, REAL_FLOWS } from './flows.ts';
import { createNamespaceState, type NamespaceState } from './namespace-state.ts';
import { createNetwork, type Network } from './network.ts';
import { createPods, type Pods } from './pods.ts';
import { createReach } from './ports-over-network.ts';
import { type Asked, createProxy } from './proxy.ts';
import { createReactions, type Reactions } from './reactions.ts';
import { createStoreState, type StoreState } from './store-state.ts';
import { createTabs, type Tabs } from './tabs.ts';
import { createWatches, type Watches } from './watches.ts';

export type WorldOptions = {
  readonly timing: Timing;
  readonly limits: HoldLimits;
  readonly startMs: number;
  readonly manifests: readonly Manifest[];
  readonly mode?: Mode;
  readonly batchSize?: number;
  readonly flows?: Flows;
  /** Whether `sleep` has the right to delete. Default false. */
  readonly mayDelete?: boolean;
  readonly isNamespaceInstant?: boolean;
};

/** What Dormouse lives in, in memory: no time but its own, no step but those that are asked of its network. */
export type World = Actors & {
  readonly timing: Timing;
  readonly limits: HoldLimits;
  readonly clock: { nowMs: number };
  readonly agenda: Agenda;
  readonly cluster: ClusterState;
  readonly namespace: NamespaceState;
  /** Who answers what happens to a workload: autoscalers, and those who put replicas back. */
  readonly reactions: Reactions;
  /** Pages that are open. */
  readonly tabs: Tabs;
  readonly store: StoreState;
  readonly pods: Pods;
  readonly watches: Watches;
  readonly network: Network;
  readonly facts: readonly Fact[];
  readonly note: Note;
  readonly picture: () => Picture;
  /** A request of a visitor reaches nginx. */
  readonly request: (asked: Asked) => void;
  /** Both functions are deployed anew, with this mode; sweeps under way go on as they began. */
  readonly setMode: (mode: Mode) => void;
};

const WAKE_INSTANCES = ['wake-1', 'wake-2'];

export function createWorld(options: WorldOptions): World {
  const { timing, limits, batchSize = 20, flows = REAL_FLOWS } = options;
  const { mayDelete = false, isNamespaceInstant = false } = options;
  const configured = { mode: options.mode ?? 'on' };
  const { nowMs, clock, facts, note, agenda } = createBasis(options.startMs);
  const network = createNetwork({ nowMs, note });
  const cluster = createClusterState({
    nowMs,
    note: (happening) => {
      note(happening);
      if (happening.fact !== 'scaled' && happening.fact !== 'changed') return;
      pods.track(happening.before, happening.after);
      reactions.heed(happening);
    },
  });
  const namespace = createNamespaceState({ nowMs, note, cluster });
  const reactions = createReactions({ agenda, nowMs, cluster, namespace });
  const store = createStoreState({ nowMs, note });
  const pods = createPods({ agenda, nowMs, note, cluster });
  const watches = createWatches();
  pods.onEndpoints = (branch) => watches.send(branch, pods.servingEndpoints(branch));
  const picture = (): Picture => ({
    workloads: cluster.list(),
    records: store.records(),
    heartbeats: store.readHeartbeats().heartbeats,
    inherited: namespace.inherited(),
  });
  const reach = (actor: string, life: Life) =>
    createReach({
      actor,
      life,
      network,
      cluster,
      namespace,
      isNamespaceInstant,
      store,
      pods,
      watches,
      nowMs,
      note,
    });
  const cutOff = (actor: string) => network.abandon(actor);
  const mode = () => configured.mode;
  const basis = { flows, timing, limits, mode, batchSize, mayDelete, agenda, nowMs, note, picture };
  const actors = createActors({ ...basis, reach, cutOff });
  const request = createProxy({ hold: actors.hold, isListening: pods.isListening, agenda, nowMs, note });
  const { visit, reportSocket } = actors;
  const tabs = createTabs({ agenda, nowMs, visit, reportSocket, request, isListening: pods.isListening });
  for (const manifest of options.manifests) cluster.apply(manifest);
  store.beat('proxy-1', true);
  const setMode = (next: Mode) => {
    configured.mode = next;
    for (const instance of WAKE_INSTANCES) {
      actors.drain(instance);
      actors.bootWake(instance);
    }
  };
  const parts = { clock, agenda, cluster, namespace, reactions, tabs, store, pods, watches, network, facts };
  return { ...actors, ...parts, timing, limits, note, picture, request, setMode };
}

function createBasis(startMs: number) {
  const clock = { nowMs: startMs };
  const facts: Fact[] = [];
  const nowMs = () => clock.nowMs;
  const note = (happening: Happening) => void facts.push({ ...happening, atMs: clock.nowMs });
  return { clock, facts, nowMs, note, agenda: createAgenda() };
}
