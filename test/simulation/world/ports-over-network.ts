import type { WorkloadRef } from '../../../shared/core/workload.ts';
import type { BranchStore, Cluster } from '../../../shared/ports.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Note } from './fact.ts';
import type { Circumstances, Network, System } from './network.ts';
import type { StoreState } from './store-state.ts';

type Wires = {
  readonly actor: string;
  readonly network: Network;
  readonly cluster: ClusterState;
  readonly store: StoreState;
  readonly nowMs: () => number;
  readonly note: Note;
};

/** Kubernetes as one actor reaches it. */
export function createClusterPort(wires: Wires): Cluster {
  const { actor, cluster, note } = wires;
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
    hasService: (branch) => send('hasService', branch, () => cluster.readBranch(branch).length > 0),
    readWorkload: (ref: WorkloadRef) => send('readWorkload', ref, () => cluster.read(ref)),
    raise: (ref, replicas) => send('raise', ref, () => cluster.raise(actor, ref, replicas)),
    lower: (ref, resourceVersion) => send('lower', ref, () => cluster.lower(actor, ref, resourceVersion)),
  };
}

/** The store as one actor reaches it. */
export function createStorePort(wires: Wires): BranchStore {
  const { actor, store, nowMs } = wires;
  const send = sender(wires, 'store');
  const writer = ({ stampedAtMs }: Circumstances) => ({ by: actor, stampMs: stampedAtMs ?? nowMs() });
  return {
    stampVisit: (branch) => send('stampVisit', branch, (met) => store.stampVisit(writer(met), branch)),
    createRecord: (branch) => send('createRecord', branch, (met) => store.createRecord(writer(met), branch)),
    readRecord: (branch) => send('readRecord', branch, () => store.readRecord(branch)),
    stampHeartbeat: (proxy) => send('stampHeartbeat', proxy, () => store.stampHeartbeat(proxy)),
    readAll: () => send('readAll', '', () => store.readAll()),
    readHeartbeats: () => send('readHeartbeats', '', () => store.readHeartbeats()),
    update: (branch, version, change) =>
      send('update', branch, (met) => store.update(writer(met), { branch, version, change })),
  };
}

function sender({ actor, network }: Wires, system: System) {
  return <Answer>(method: string, subject: string, perform: (met: Circumstances) => Answer) =>
    network.send<Answer>({ actor, system, method, subject, perform });
}
