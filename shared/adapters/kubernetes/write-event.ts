import type { CoreV1Event } from '@kubernetes/client-node';
import type { Notice } from '../../core/notice-of.ts';
import { answerError } from './kubernetes-error.ts';
import { type KubernetesTarget, send } from './kubernetes-rest.ts';

const COMPONENT = 'dormouse';
/** Source: kube-apiserver, validation of Events. What it calls characters are bytes. */
const MAX_NAME_CHARACTERS = 253;
const MAX_NOTE_BYTES = 1_024;
const KINDS = { deployment: 'Deployment', statefulset: 'StatefulSet' } as const;

/** As JSON has it. */
type EventJson = Omit<CoreV1Event, 'eventTime' | 'firstTimestamp' | 'lastTimestamp'> & {
  readonly eventTime: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
};

/**
 * Writes an Event whose name is fixed by workload and reason. Kubernetes forgets it after an hour; while it is still
 * there nothing is written, so that sweeps repeat none.
 * @throws ClusterError
 */
export async function writeEvent(target: KubernetesTarget, notice: Notice): Promise<void> {
  const { namespace } = target;
  const event = eventOf(namespace, notice, new Date());
  const call = { verb: 'create', resource: 'events', namespace, name: event.metadata.name } as const;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  const answer = await send(target, call, { method: 'POST', path, body: JSON.stringify(event) });
  if (answer.status !== 201 && answer.status !== 409) throw answerError(call, answer.status, answer.body);
}

function eventOf(namespace: string, { about, reason, message }: Notice, now: Date): EventJson {
  // Kubernetes wants microseconds in the one and none in the others.
  const seconds = `${now.toISOString().slice(0, 19)}Z`;
  return {
    metadata: { name: nameOf(about.name, `${about.kind}.${reason.toLowerCase()}`), namespace },
    involvedObject: {
      apiVersion: 'apps/v1',
      kind: KINDS[about.kind],
      name: about.name,
      namespace,
      uid: about.uid,
    },
    type: reason === 'DeletionAnnounced' ? 'Normal' : 'Warning',
    reason,
    action: reason,
    message: cutNote(message),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: COMPONENT,
    eventTime: now.toISOString().replace('Z', '000Z'),
    firstTimestamp: seconds,
    lastTimestamp: seconds,
    count: 1,
  };
}

function cutNote(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MAX_NOTE_BYTES) return message;
  const end = '…';
  const kept = bytes.subarray(0, MAX_NOTE_BYTES - Buffer.byteLength(end));
  // As of a stream that goes on: a sign of which only a part is left is not there.
  return new TextDecoder().decode(kept, { stream: true }) + end;
}

function nameOf(workload: string, what: string): string {
  const suffix = `.${COMPONENT}.${what}`;
  return `${workload.slice(0, MAX_NAME_CHARACTERS - suffix.length)}${suffix}`;
}
