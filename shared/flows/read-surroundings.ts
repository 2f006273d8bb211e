import type { Bounds, WakeSurroundings } from '../core/branch.ts';
import type { RunningJob } from '../core/decide-branch.ts';
import { messageOf } from '../core/message-of.ts';
import type { Annotations, WorkloadRef } from '../core/workload.ts';
import type { Cluster } from '../ports.ts';

/** What a sweep knows besides branches and records. */
export type Surroundings = WakeSurroundings & {
  /** By branch. */
  readonly jobs: ReadonlyMap<string, readonly RunningJob[]>;
  /** What could not be read, in a sentence: then nothing is put to sleep. */
  readonly unreadable?: string;
};

/** Reads what may keep branches awake. Fails closed: what cannot be read is named. Never rejects. */
export async function readSurroundings(
  cluster: Pick<Cluster, 'readInherited' | 'listBounds' | 'listJobs'>,
): Promise<Surroundings> {
  const [inherited, bounds, jobs] = await Promise.all([
    attempt<Annotations>(cluster.readInherited(), {}),
    attempt<ReadonlyMap<WorkloadRef, Bounds>>(cluster.listBounds(), new Map()),
    attempt<Surroundings['jobs']>(cluster.listJobs(), new Map()),
  ]);
  const problems = [inherited, bounds, jobs].flatMap(({ problem }) => problem ?? []);
  const read = { inherited: inherited.value, bounds: bounds.value, jobs: jobs.value };
  return problems.length === 0 ? read : { ...read, unreadable: problems.join('; ') };
}

type Attempted<Value> = { readonly value: Value; readonly problem?: string };

async function attempt<Value>(reading: Promise<Value>, otherwise: Value): Promise<Attempted<Value>> {
  try {
    return { value: await reading };
  } catch (error) {
    return { value: otherwise, problem: messageOf(error) };
  }
}
