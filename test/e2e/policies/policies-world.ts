import { setTimeout as delay } from 'node:timers/promises';
import { createFirestoreStore } from '../../../shared/adapters/firestore/firestore-store.ts';
import type { BranchRecord } from '../../../shared/core/branch-record.ts';
import type { BranchStore } from '../../../shared/ports.ts';
import { createEmulatorTransport } from '../../contract/firestore-fixture.ts';
import { partPath } from '../../parts/part.ts';
import { createBranch, type WorkloadManifest } from '../../world/branch-manifests.ts';
import type { Behaviour } from '../../world/kubelet/behaviour.ts';
import { DATABASE, PROJECT, type RealWorld, startRealWorld } from '../../world/real-world.ts';
import type { SweepAnswer } from '../../world/staging-world.ts';
import { eventually, visit } from '../visits.ts';

export const NAMESPACE = 'staging';
/** A minute is a second. */
export const SPEED = 60;
/** What a branch has to be idle, as its annotation says it and as it takes here. */
export const IDLE_MINUTES = 5;
export const IDLE_MS = (IDLE_MINUTES * 60_000) / SPEED;

/** A real world whose branches fall asleep after 5 s. */
export type PoliciesWorld = RealWorld & {
  /** The same records as the functions have. */
  readonly store: BranchStore;
  /** Fails unless there is one. */
  readonly recordOf: (branch: string) => Promise<BranchRecord>;
  /** Makes a branch, visits it, and returns its Deployment, `deployment/NAME`. */
  readonly begin: (name: string, workloads?: readonly WorkloadManifest[]) => Promise<string>;
  /** Counts of a branch's workloads, `KIND/NAME` each. */
  readonly replicasOf: (...refs: readonly string[]) => Promise<readonly number[]>;
  /** Sweeps until all of these are at 0. */
  readonly sweepUntilAsleep: (...refs: readonly string[]) => Promise<void>;
  /** Sweeps every half second. */
  readonly sweepFor: (ms: number) => Promise<SweepTotals>;
  /** Kubernetes Events of one reason. */
  readonly eventsOf: (reason: string) => Promise<readonly KubernetesEvent[]>;
  /** Has the sleep function begin anew with these variables, too. */
  readonly restartSleep: (env: Readonly<Record<string, string>>) => Promise<void>;
};

/** How often which happened in a number of sweeps, and for which reasons branches were kept. */
export type SweepTotals = {
  readonly slept: number;
  readonly healed: number;
  readonly reasons: ReadonlySet<string>;
};

export type KubernetesEvent = {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly message: string;
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
};

export async function startPoliciesWorld(behaviour: Behaviour): Promise<PoliciesWorld> {
  const world = await startRealWorld({
    namespace: NAMESPACE,
    behaviour,
    backOffMs: 200,
    speed: SPEED,
    idleAfterMinutes: IDLE_MINUTES,
    parts: {
      nginx: partPath('nginx'),
      gcloud: partPath('firestore-emulator'),
      controlPlane: partPath('control-plane'),
    },
  });
  const { store, close } = openStore(world);
  return {
    ...world,
    store,
    recordOf: (branch) => readRecord(store, branch),
    begin: (name, workloads = [{}]) => begin(world, name, workloads),
    replicasOf: (...refs) => Promise.all(refs.map((ref) => readReplicas(world, ref))),
    sweepUntilAsleep: (...refs) => sweepUntilAsleep(world, refs),
    sweepFor: (ms) => sweepFor(world, ms),
    eventsOf: (reason) => readEvents(world, reason),
    restartSleep: async (env) => {
      await world.stopFunction('sleep');
      await world.startFunction('sleep', env);
    },
    stop: async () => {
      close();
      await world.stop();
    },
  };
}

function openStore({ firestore }: RealWorld): { store: BranchStore; close: () => void } {
  const transport = createEmulatorTransport(firestore.host);
  const scope = { cluster: 'miniature', namespace: NAMESPACE };
  const database = { projectId: PROJECT, databaseId: DATABASE };
  return { store: createFirestoreStore({ transport, ...database, ...scope }), close: transport.close };
}

async function readRecord(store: BranchStore, branch: string): Promise<BranchRecord> {
  const read = await store.readRecord(branch);
  if (read.outcome !== 'found') throw new Error(`the record of ${branch} is ${read.outcome}`);
  return read.record;
}

async function begin(
  world: RealWorld,
  name: string,
  workloads: readonly WorkloadManifest[],
): Promise<string> {
  await createBranch(world.api, { namespace: NAMESPACE, name, workloads });
  await eventually(
    () => visit(world.proxy.port, name),
    ({ status }) => status === 200,
  );
  return `deployment/${name}`;
}

async function sweepUntilAsleep(world: RealWorld, refs: readonly string[]): Promise<void> {
  await eventually(
    async () => {
      const { summary } = await world.sweep();
      return { counts: await Promise.all(refs.map((ref) => readReplicas(world, ref))), summary };
    },
    ({ counts }) => counts.every((count) => count === 0),
  );
}

const SWEEP_EVERY_MS = 500;

async function sweepFor(world: RealWorld, ms: number): Promise<SweepTotals> {
  const summaries: SweepAnswer[] = [];
  const endsAtMs = Date.now() + ms;
  while (Date.now() < endsAtMs) {
    summaries.push((await world.sweep()).summary);
    await delay(SWEEP_EVERY_MS);
  }
  const sum = (count: 'slept' | 'healed') => summaries.reduce((total, summary) => total + summary[count], 0);
  const reasons = new Set(summaries.flatMap(({ kept }) => Object.keys(kept)));
  return { slept: sum('slept'), healed: sum('healed'), reasons };
}

async function readReplicas({ api }: RealWorld, ref: string): Promise<number> {
  const [kind, name] = ref.split('/');
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/${kind}s/${name}`;
  return (await api.get<{ spec: { replicas: number } }>(path)).spec.replicas;
}

async function readEvents({ api }: RealWorld, reason: string): Promise<readonly KubernetesEvent[]> {
  const path = `/api/v1/namespaces/${NAMESPACE}/events?fieldSelector=reason%3D${reason}`;
  return (await api.get<{ items: readonly KubernetesEvent[] }>(path)).items;
}
