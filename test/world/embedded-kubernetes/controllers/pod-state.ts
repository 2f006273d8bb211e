import type { Pod } from './controlled-objects.ts';

/** Whether it has neither ended nor been told to. */
export function isActive({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && !isFinished(status);
}

export function isTerminating({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && !isFinished(status);
}

export function isFinished({ phase }: Pod['status']): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

/** Since when it is Ready, in ms; `undefined` while it is not. An unset time is for ever ago. */
export function readySinceMs({ status }: Pod): number | undefined {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return undefined;
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '');
  return Number.isNaN(sinceMs) ? Number.NEGATIVE_INFINITY : sinceMs;
}

export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const sinceMs = readySinceMs(pod);
  return sinceMs !== undefined && sinceMs + minReadySeconds * 1000 <= nowMs;
}

/** How long until the next pod becomes available by waiting, in ms. */
export function nextAvailableMs(
  pods: readonly Pod[],
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  const waits = pods
    .filter((pod) => isReady(pod) && !isAvailable(pod, minReadySeconds, nowMs))
    .map((pod) => (readySinceMs(pod) ?? nowMs) + minReadySeconds * 1000 - nowMs);
  return waits.length === 0 ? undefined : Math.max(1, Math.min(...waits));
}
