import { type WorkloadRef, workloadRef } from '../../../shared/core/workload.ts';
import type { BranchStore, Cluster, WatchCluster } from '../../../shared/ports.ts';
import type { Life } from './agenda.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Note } from './fact.ts';
import { createNamespacePort, type NamespacePort } from './namespace-port.ts';
import type { NamespaceState } from './namespace-state.ts';
import type { Circumstances, Network, System } from './network.ts';
import type { Pods } from './pods.ts';
import type { StoreState } from './store-state.ts';
import type { Watches } from './watches.ts';

/** The world as one actor reaches it. */
export type Reach = { readonly cluster: Cluster & WatchCluster; readonly store: BranchStore };

type Wires = {
  readonly actor: string;
  readonly life: Life;
  readonly pods: Pods;
  readonly watches: Watches;
  readonly network: Network;
  readonly cluster: ClusterState;
  readonly store: StoreState;
  readonly namespace: NamespaceState;
  /** What is read of the namespace takes no time and cannot fail: an order of steps the less. */
  readonly isNamespaceInstant: boolean;
  readonly nowMs: () => number;
  readonly note: Note;
};

export function createReach(wires: Wires): Reach {
  return {
    cluster: {
      ...createClusterPort(wires),
      ...createWatchPort(wires),
      ...createNamespacePort(wires, sender(wires, 'cluster')),
    },
    store: createStorePort(wires),
  };
}

function createClusterPort(wires: Wires): Omit<Cluster, keyof NamespacePort> {
  const { actor, cluster, namespace, note } = wires;
  const send = sender(wires, 'cluster');
  return {
    listWorkloads: () =>
      send('listWorkloads', '', ({ listedAtMs }) =>
        listedAtMs === undefined ? cluster.list() : cluster.listAsOf(listedAtMs),
      ),
    readBranch: (branch) =>
      send('readBranch', branch, () => {
        const workloads = cluster.readBranch(branch);
        note({ fact: 'looked', by: actor, branch, workloads });
        return workloads;
      }),
    hasService: (branch) => send('hasService', branch, () => namespace.hasService(branch)),
    readWorkload: (ref: WorkloadRef) => send('readWorkload', ref, () => cluster.read(ref)),
    raise: (ref, replicas) => send('raise', ref, () => cluster.raise(actor, ref, replicas)),
    lower: (ref, resourceVersion) => send('lower', ref, () => cluster.lower(actor, ref, resourceVersion)),
    removeWorkload: (condemned) =>
      send('removeWorkload', workloadRef(condemned), () => cluster.removeCondemned(actor, condemned)),
    removeService: (branch) => send('removeService', branch, () => namespace.removeService(actor, branch)),
  };
}

/** A watch goes on from what its list showed: what changed on the way is sent as soon as it is open. */
function createWatchPort(wires: Wires): WatchCluster {
  const { actor, life, pods, watches } = wires;
  const send = sender(wires, 'cluster');
  const ask = createAsking(wires);
  return {
    viewBranch: async (branch) => {
      const tell = ask(branch);
      const view = await send('viewBranch', branch, () => pods.view(branch));
      tell(view.servingEndpoints);
      return view;
    },
    watchEndpoints: async (branch, onServing, signal) => {
      const tell = ask(branch);
      const servingEndpoints = await send('watchEndpoints', branch, () => pods.servingEndpoints(branch));
      if (signal.aborted) return;
      const hear = (endpoints: number) => {
        tell(endpoints);
        onServing(endpoints);
      };
      hear(servingEndpoints);
      const ended = watches.open({ actor, branch, life, servingEndpoints, hear, signal });
      watches.send(branch, pods.servingEndpoints(branch));
      await ended;
    },
  };
}

/** Notes what an instance asks, and what it hears of it. */
function createAsking({ actor, note }: Wires) {
  let askings = 0;
  return (branch: string) => {
    askings += 1;
    const about = { by: actor, branch, asking: askings };
    note({ fact: 'asked', ...about });
    return (endpoints: number) => note({ fact: 'told', ...about, endpoints });
  };
}

function createStorePort(wires: Wires): BranchStore {
  const { actor, store, nowMs } = wires;
  const send = sender(wires, 'store');
  const writer = ({ stampedAtMs }: Circumstances) => ({ by: actor, stampMs: stampedAtMs ?? nowMs() });
  return {
    stampVisit: (branch) => send('stampVisit', branch, (met) => store.stampVisit(writer(met), branch)),
    stampBackground: (branch) =>
      send('stampBackground', branch, (met) => store.stampBackground(writer(met), branch)),
    createRecord: (branch) => send('createRecord', branch, (met) => store.createRecord(writer(met), branch)),
    readRecord: (branch) => send('readRecord', branch, () => store.readRecord(branch)),
    stampHeartbeat: (proxy) => send('stampHeartbeat', proxy, () => store.stampHeartbeat(proxy)),
    readAll: () => send('readAll', '', () => store.readAll()),
    readHeartbeats: () => send('readHeartbeats', '', () => store.readHeartbeats()),
    readSweepPlace: () => send('readSweepPlace', '', () => store.readSweepPlace()),
    writeSweepPlace: (place) => send('writeSweepPlace', '', () => store.writeSweepPlace(place)),
    stampBlindSweep: () => send('stampBlindSweep', '', (met) => store.stampBlindSweep(writer(met))),
    update: (branch, version, change) =>
      send('update', branch, (met) => store.update(writer(met), { branch, version, change })),
  };
}

function sender({ actor, network }: Wires, system: System) {
  return <Answer>(method: string, subject: string, perform: (met: Circumstances) => Answer) =>
    network.send<Answer>({ actor, system, method, subject, perform });
}
