import type { CoreV1Event } from '@kubernetes/client-node';

/** When an event was last seen, epoch ms. Each generation of Kubernetes' recorders writes its own field. */
export function eventTimeMs(event: CoreV1Event): number {
  const { series, lastTimestamp, eventTime, firstTimestamp } = event;
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp;
  return time === undefined || time === null ? 0 : new Date(time).getTime();
}
