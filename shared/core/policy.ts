import { parseDurationMs } from './duration.ts';
import { type KeepAwake, parseKeepAwake } from './keep-awake.ts';
import type { Timing } from './timing.ts';
import { type Annotations, bearerOf, type Workload } from './workload.ts';

/** What the annotations of a branch ask for. */
export type Policy = {
  /** False: Dormouse touches the branch in neither direction. */
  readonly isEnabled: boolean;
  /** Infinity: never sleeps. */
  readonly idleAfterMs: number;
  /** How long background activity alone keeps the branch awake after the last ordinary request. */
  readonly backgroundMaxMs: number;
  /** `isOwn`: written on the workload and not on the namespace. */
  readonly keepAwake?: { readonly hours: KeepAwake; readonly isOwn: boolean };
  /** Silence after which the branch is deleted, where that is allowed. */
  readonly deleteAfterMs?: number;
  /** Annotations that cannot be read, in sentences that name them: such a branch is kept awake. */
  readonly problems: readonly string[];
};

/** What holds for every branch unless its own annotations say otherwise. */
export type PolicyDefaults = {
  readonly timing: Timing;
  /** The namespace's annotations. */
  readonly inherited: Annotations;
};

type Read<Value> = { readonly value: Value; readonly problem?: string };

const MAX_REPLICAS = 1_000;

/** The policy of a branch is that of the workload which bears its name, else of the first; the namespace's where that says nothing. */
export function policyOf(
  branch: string,
  workloads: readonly Workload[],
  { timing, inherited }: PolicyDefaults,
): Policy {
  const own = (bearerOf(branch, workloads) ?? workloads[0])?.annotations ?? {};
  const annotations = { ...inherited, ...own };
  const enabled = readEnabled(annotations);
  const idleAfter = readIdleAfter(annotations, timing);
  const backgroundMax = readBackgroundMax(annotations, timing);
  const hours = readKeepAwake(annotations);
  const deleteAfter = readDeleteAfter(annotations, timing);
  const replicas = workloads.map((workload) => readReplicas({ ...inherited, ...workload.annotations }));
  const reads: Read<unknown>[] = [enabled, idleAfter, backgroundMax, hours, deleteAfter, ...replicas];
  const isOwn = own['dormouse/keep-awake'] !== undefined;
  return {
    isEnabled: enabled.value,
    idleAfterMs: idleAfter.value,
    backgroundMaxMs: backgroundMax.value,
    ...(hours.value === undefined ? {} : { keepAwake: { hours: hours.value, isOwn } }),
    ...(deleteAfter.value === undefined ? {} : { deleteAfterMs: deleteAfter.value }),
    problems: [...new Set(reads.flatMap(({ problem }) => problem ?? []))],
  };
}

/** `dormouse/replicas`: how many to wake to, whatever was remembered. An unreadable one does not count. */
export function annotatedReplicas(workload: Workload, inherited: Annotations): number | undefined {
  return readReplicas({ ...inherited, ...workload.annotations }).value;
}

function readEnabled(annotations: Annotations): Read<boolean> {
  const text = annotations['dormouse/enabled'];
  if (text === undefined || text === 'true') return { value: true };
  if (text === 'false') return { value: false };
  return { value: true, problem: wrong('enabled', text, '"true" or "false"') };
}

function readIdleAfter(annotations: Annotations, timing: Timing): Read<number> {
  const text = annotations['dormouse/idle-after'];
  if (text === undefined) return { value: timing.idleAfterMs };
  if (text === 'never') return { value: Number.POSITIVE_INFINITY };
  const idleAfterMs = readDurationMs(text, timing);
  if (idleAfterMs >= timing.minIdleAfterMs) return { value: idleAfterMs };
  const expected = 'a duration of 5 minutes or more such as "45m" or "2h", or "never"';
  return { value: Number.POSITIVE_INFINITY, problem: wrong('idle-after', text, expected) };
}

function readBackgroundMax(annotations: Annotations, timing: Timing): Read<number> {
  const text = annotations['dormouse/background-max'];
  if (text === undefined) return { value: timing.backgroundMaxMs };
  const backgroundMaxMs = readDurationMs(text, timing);
  if (backgroundMaxMs >= timing.minIdleAfterMs) return { value: backgroundMaxMs };
  const expected = 'a duration of 5 minutes or more such as "12h" or "3d"';
  return { value: timing.backgroundMaxMs, problem: wrong('background-max', text, expected) };
}

function readKeepAwake(annotations: Annotations): Read<KeepAwake | undefined> {
  const text = annotations['dormouse/keep-awake'];
  if (text === undefined) return { value: undefined };
  const value = parseKeepAwake(text);
  if (value !== undefined) return { value };
  const expected = 'days, hours and a zone: "Mon-Fri 09:00-19:00 Asia/Tokyo", several with ";" between them';
  return { value, problem: wrong('keep-awake', text, expected) };
}

/** Nothing is deleted by an annotation that cannot be read. */
function readDeleteAfter(annotations: Annotations, timing: Timing): Read<number | undefined> {
  const text = annotations['dormouse/delete-after'];
  if (text === undefined || text === 'never') return { value: undefined };
  const deleteAfterMs = readDurationMs(text, timing);
  if (deleteAfterMs >= timing.deletionNoticeMs) return { value: deleteAfterMs };
  const expected = 'a duration of 7 days or more such as "30d", or "never"';
  return { value: undefined, problem: wrong('delete-after', text, expected) };
}

function readReplicas(annotations: Annotations): Read<number | undefined> {
  const text = annotations['dormouse/replicas'];
  if (text === undefined) return { value: undefined };
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= MAX_REPLICAS) return { value };
  return { value: undefined, problem: wrong('replicas', text, `a whole number from 1 to ${MAX_REPLICAS}`) };
}

/** 0 if it is none: shorter than anything that is accepted. */
function readDurationMs(text: string, { speed }: Timing): number {
  return (parseDurationMs(text) ?? 0) / speed;
}

function wrong(name: string, text: string, expected: string): string {
  return `annotation dormouse/${name} is ${JSON.stringify(text.slice(0, 80))}, expected ${expected}`;
}
