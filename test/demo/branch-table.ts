import { activityMs, groupByBranch } from '../../shared/core/branch.ts';
import type { BranchRecord } from '../../shared/core/branch-record.ts';
import { policyOf } from '../../shared/core/policy.ts';
import type { Timing } from '../../shared/core/timing.ts';
import type { Workload } from '../../shared/core/workload.ts';
import type { BranchStore, Cluster } from '../../shared/ports.ts';

export type TableSources = {
  readonly cluster: Cluster;
  readonly store: BranchStore;
  readonly timing: Timing;
  /** Ready pods of a branch, and whether its application answers. Undefined where nobody can tell. */
  readonly readyPods: (branch: string) => number | undefined;
};

const COLUMNS = ['branch', 'state', 'replicas', 'last visit', 'next sleep'] as const;

/** Reads the branches and lays them out as lines of text: state, replicas, last visit, next sleep. */
export async function branchTable(sources: TableSources): Promise<readonly string[]> {
  const branches = groupByBranch(await sources.cluster.listWorkloads());
  const { records, nowMs } = await sources.store.readAll();
  const rows = [...branches].sort().map(([branch, workloads]) => {
    const record = records.get(branch)?.record;
    return rowOf({ branch, workloads, record }, sources, nowMs);
  });
  return align([COLUMNS, ...rows]);
}

type Row = { branch: string; workloads: readonly Workload[]; record: BranchRecord | undefined };

function rowOf({ branch, workloads, record }: Row, sources: TableSources, nowMs: number): readonly string[] {
  const wanted = workloads.reduce((sum, workload) => sum + workload.replicas, 0);
  const ready = sources.readyPods(branch);
  return [
    branch,
    stateOf(wanted, ready),
    ready === undefined ? `${wanted}` : `${ready}/${wanted}`,
    record === undefined ? 'never' : `${seconds(nowMs - record.lastAccessMs)} ago`,
    nextSleep({ branch, workloads, record }, sources.timing, nowMs),
  ];
}

function stateOf(wanted: number, ready = wanted): string {
  if (wanted === 0) return 'asleep';
  return ready > 0 ? 'awake' : 'waking';
}

function nextSleep({ branch, workloads, record }: Row, timing: Timing, nowMs: number): string {
  if (record === undefined || workloads.every((workload) => workload.replicas === 0)) return '';
  const { idleAfterMs, isEnabled } = policyOf(branch, workloads, { timing, inherited: {} });
  if (!isEnabled || idleAfterMs === Number.POSITIVE_INFINITY) return 'never';
  const leftMs = activityMs(record, workloads) + idleAfterMs - nowMs;
  return leftMs > 0 ? `in ${seconds(leftMs)}` : 'next sweep';
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`;
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
