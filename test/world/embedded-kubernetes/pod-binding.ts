import { listOf, objectOf } from './resources/pod-template.ts';
import { type Draft, type StoredObject, timestamp } from './stored-object.ts';

/** The pod on a node, as a Binding asks for; `undefined` when it is on one already. */
export function podBinding(pod: StoredObject, nodeName: string, nowMs: number): Draft | undefined {
  const spec = objectOf(pod.spec);
  if (spec.nodeName) return undefined;
  const status = objectOf(pod.status);
  const others = listOf(status.conditions).filter((condition) => objectOf(condition).type !== 'PodScheduled');
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(nowMs),
  };
  return { ...pod, spec: { ...spec, nodeName }, status: { ...status, conditions: [...others, scheduled] } };
}
