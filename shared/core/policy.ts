import { parseDurationMs } from './duration.ts';
import { type KeepAwake, parseKeepAwake } from './keep-awake.ts';
import type { Timing } from './timing.ts';
import { bearerOf, type Workload } from './workload.ts';

/** What the annotations of a branch ask for. */
export type Policy = {
  /** False: Dormouse touches the branch in neither direction. */
  readonly isEnabled: boolean;
  /** Infinity: never sleeps. */
  readonly idleAfterMs: number;
  readonly keepAwake?: KeepAwake;
  /** Annotations that cannot be read, in sentences that name them: such a branch is kept awake. */
  readonly problems: readonly string[];
};

type Annotations = Readonly<Record<string, string>>;
type Read<Value> = { readonly value: Value; readonly problem?: string };

const MAX_REPLICAS = 1_000;

/** The policy of a branch is that of the workload which bears its name, else of the first. */
export function policyOf(branch: string, workloads: readonly Workload[], timing: Timing): Policy {
  const bearer = bearerOf(branch, workloads) ?? workloads[0];
  const annotations = bearer?.annotations ?? {};
  const enabled = readEnabled(annotations);
  const idleAfter = readIdleAfter(annotations, timing);
  const keepAwake = readKeepAwake(annotations);
  const replicas = workloads.map((workload) => readReplicas(workload.annotations));
  const reads: Read<unknown>[] = [enabled, idleAfter, keepAwake, ...replicas];
  return {
    isEnabled: enabled.value,
    idleAfterMs: idleAfter.value,
    ...(keepAwake.value === undefined ? {} : { keepAwake: keepAwake.value }),
    problems: reads.flatMap(({ problem }) => problem ?? []),
  };
}

/** `dormouse/replicas`: how many to wake to, whatever was remembered. An unreadable one does not count. */
export function annotatedReplicas(workload: Workload): number | undefined {
  return readReplicas(workload.annotations).value;
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
  const durationMs = parseDurationMs(text);
  const expected = 'a duration of 5 minutes or more such as "45m" or "2h", or "never"';
  const idleAfterMs = (durationMs ?? 0) / timing.speed;
  if (idleAfterMs >= timing.minIdleAfterMs) return { value: idleAfterMs };
  return { value: Number.POSITIVE_INFINITY, problem: wrong('idle-after', text, expected) };
}

function readKeepAwake(annotations: Annotations): Read<KeepAwake | undefined> {
  const text = annotations['dormouse/keep-awake'];
  if (text === undefined) return { value: undefined };
  const value = parseKeepAwake(text);
  if (value !== undefined) return { value };
  return {
    value,
    problem: wrong('keep-awake', text, 'days, hours and a zone: "Mon-Fri 09:00-19:00 Asia/Tokyo"'),
  };
}

function readReplicas(annotations: Annotations): Read<number | undefined> {
  const text = annotations['dormouse/replicas'];
  if (text === undefined) return { value: undefined };
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= MAX_REPLICAS) return { value };
  return { value: undefined, problem: wrong('replicas', text, `a whole number from 1 to ${MAX_REPLICAS}`) };
}

function wrong(name: string, text: string, expected: string): string {
  return `annotation dormouse/${name} is ${JSON.stringify(text.slice(0, 80))}, expected ${expected}`;
}
