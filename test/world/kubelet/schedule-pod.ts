import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod, PodStatus } from '../kubernetes-objects.ts';
import type { PodBehaviour } from './behaviour.ts';
import type { PodEvent } from './pod-events.ts';
import { insist, type Link, podPath } from './status-reporter.ts';

type Scheduling = Link & {
  readonly node: string;
  readonly pod: Pod;
  /** Asked again at each attempt. */
  readonly behaviour: () => PodBehaviour;
  readonly report: (status: Partial<PodStatus>) => Promise<void>;
  readonly tell: (event: PodEvent) => void;
  readonly timestamp: () => string;
  readonly retryMs: number;
  readonly signal: AbortSignal;
};

const NO_ROOM =
  '0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: ' +
  '1 No preemption victims found for incoming pod.';

/** Binds a pod to the node, as the scheduler does, as soon as its behaviour allows. */
export async function schedulePod(scheduling: Scheduling): Promise<void> {
  const { api, stopped, node, pod, behaviour, tell, retryMs, signal } = scheduling;
  if (pod.spec.nodeName !== undefined) return;
  if (behaviour().failure === 'unschedulable') await reportUnschedulable(scheduling);
  while (behaviour().failure === 'unschedulable') await sleep(retryMs, undefined, { signal });
  signal.throwIfAborted();
  const { name, namespace, uid } = pod.metadata;
  await insist(stopped, () =>
    api.create(`${podPath(pod)}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    }),
  );
  const message = `Successfully assigned ${namespace}/${name} to ${node}`;
  tell({ reason: 'Scheduled', message, component: 'default-scheduler' });
}

async function reportUnschedulable({ tell, report, timestamp }: Scheduling): Promise<void> {
  const reason = 'Unschedulable';
  tell({ reason: 'FailedScheduling', message: NO_ROOM, type: 'Warning', component: 'default-scheduler' });
  await report({
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason, message: NO_ROOM, lastTransitionTime: timestamp() },
    ],
  });
}
