import { readFileSync } from 'node:fs';
import { createNamespace } from '../../world/branch-manifests.ts';
import { startFirestoreEmulator } from '../../world/firestore-emulator.ts';
import { createKubernetesApi, type KubernetesApi } from '../../world/kubernetes-api.ts';
import { createManyBranches, type ManyBranch, manyBranches, scaleUp } from '../../world/many-branches.ts';
import type { PlainSweepOptions } from '../competitors/plain-sweep.ts';
import { type Program, startProgram } from '../competitors/start-program.ts';
import { requirePart } from '../require-part.ts';
import { startPackagedSleep } from './packaged-sleep.ts';
import { beat, putRecords, SWEEP_STORE } from './sweep-store.ts';

/** One sweep by a process that was started for it. */
export type TimedSweep = { readonly ms: number; readonly peakRssMib: number };

/** A namespace of many branches, of which one in 20 is idle, and who sweeps it. */
export type SweepWorld = {
  /** Adds branches until there are `count`. */
  readonly grow: (count: number) => Promise<void>;
  /** The packaged function, as Cloud Scheduler calls it. */
  readonly sweep: () => Promise<TimedSweep>;
  /** The calls that it cannot avoid, by a plain client. */
  readonly plainSweep: () => Promise<TimedSweep>;
  readonly stop: () => Promise<void>;
};

/** As many as the function works on at once by default. */
const AT_ONCE = 20;
const KIB_PER_MIB = 1_024;
const LEAST_SHARE = 0.98;

/** @throws MissingPartError without the Firestore emulator */
export async function startSweepWorld(): Promise<SweepWorld> {
  await using starting = new AsyncDisposableStack();
  const gcloud = requirePart('firestore-emulator');
  const firestore = starting.adopt(await startFirestoreEmulator({ gcloud }), (started) => started.stop());
  const program = starting.adopt(await startProgram('../sweep/old-kubernetes.ts'), (started) =>
    started.stop(),
  );
  const kubernetesUrl = `http://127.0.0.1:${program.port}`;
  const api = starting.adopt(createKubernetesApi({ url: kubernetesUrl }), (opened) => opened.close());
  await createNamespace(api, SWEEP_STORE.namespace);
  const { host } = firestore;
  const branches: ManyBranch[] = [];
  const timed = async (start: () => Promise<Program>) => {
    await wakeIdle(api, host, branches);
    return timeSweep(start, branches);
  };
  const started = starting.move();
  return {
    grow: async (count) => {
      const added = manyBranches(branches.length, count);
      await Promise.all([createManyBranches(api, SWEEP_STORE.namespace, added), putRecords(host, added)]);
      branches.push(...added);
    },
    sweep: () => timed(() => startPackagedSleep({ kubernetesUrl, firestoreHost: host })),
    plainSweep: () => timed(() => startProgram('plain-sweep.ts', plainOptions(kubernetesUrl, host))),
    stop: () => started.disposeAsync(),
  };
}

function plainOptions(kubernetesUrl: string, firestoreHost: string): string {
  const { namespace, root, prefix } = SWEEP_STORE;
  const options = { kubernetesUrl, namespace, firestoreHost, root, prefix, atOnce: AT_ONCE };
  return JSON.stringify(options satisfies PlainSweepOptions);
}

/** Those that fell asleep are as idle as before; so each sweep finds the same to do. */
async function wakeIdle(api: KubernetesApi, host: string, branches: readonly ManyBranch[]): Promise<void> {
  const idle = branches.filter(({ state }) => state === 'idle');
  await Promise.all([scaleUp(api, SWEEP_STORE.namespace, idle), putRecords(host, idle), beat(host)]);
}

async function timeSweep(
  start: () => Promise<Program>,
  branches: readonly ManyBranch[],
): Promise<TimedSweep> {
  const { port, pid, stop } = await start();
  try {
    const startMs = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' });
    const answer = await response.text();
    const ms = performance.now() - startMs;
    assertSlept(answer, branches);
    return { ms, peakRssMib: peakRssMib(pid) };
  } finally {
    await stop();
  }
}

/** A sweep that did much less than it should would be a fast one. On a busy machine a call may come too late. */
function assertSlept(answer: string, branches: readonly ManyBranch[]): void {
  const idle = branches.filter(({ state }) => state === 'idle').length;
  const { slept = 0 } = JSON.parse(answer) as { slept?: number };
  if (slept < idle * LEAST_SHARE) {
    throw new Error(`${idle} branches should have fallen asleep: ${answer.slice(0, 1_000)}`);
  }
}

/** Source: proc(5): the "high water mark" of a process. */
function peakRssMib(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / KIB_PER_MIB;
}
