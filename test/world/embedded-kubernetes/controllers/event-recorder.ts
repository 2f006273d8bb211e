import { ApiError } from '../api-error.ts';
import type { Registry } from '../registry.ts';
import { apiVersionOf, type Resource } from '../resource.ts';
import { EVENTS } from '../resources/event.ts';
import { type ObjectKey, type StoredObject, timestamp } from '../stored-object.ts';

export type EventFacts = {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** `replicaset-controller` */
  readonly component: string;
};

/** Says what happened to an object, as an Event. The same again is counted. */
export type EventRecorder = (resource: Resource, object: StoredObject, facts: EventFacts) => void;

/** Kubernetes keeps them for an hour; here so many, whatever the clock does. */
const MAX_EVENTS = 1_000;

export function createEventRecorder(registry: Registry, now: () => number): EventRecorder {
  const known = new Map<string, ObjectKey>();
  let serial = 0;
  return (resource, object, facts) => {
    const { namespace = '', name, uid } = object.metadata;
    const sameness = [uid, facts.reason, facts.message].join('\0');
    const lastTimestamp = timestamp(now());
    const key = known.get(sameness);
    if (key !== undefined && countAgain(registry, key, lastTimestamp)) return;
    serial += 1;
    const metadata = { namespace, name: `${name}.${serial.toString(16).padStart(16, '0')}` };
    const event = {
      ...eventFields(resource, object, facts),
      metadata,
      lastTimestamp,
      firstTimestamp: lastTimestamp,
    };
    if (!create(registry, event, facts)) return;
    known.set(sameness, { namespace, name: metadata.name });
    forgetOldest(registry, known);
  };
}

function eventFields(resource: Resource, object: StoredObject, facts: EventFacts) {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const { type, reason, message, component } = facts;
  const apiVersion = apiVersionOf(resource);
  return {
    involvedObject: { kind: resource.kind, namespace, name, uid, apiVersion, resourceVersion },
    reason,
    message,
    type,
    source: { component },
    reportingComponent: component,
    count: 1,
  };
}

/** Nobody waits for an event: one that is refused (the namespace ends) is lost. */
function create(
  registry: Registry,
  event: Parameters<Registry['create']>[1],
  { component }: EventFacts,
): boolean {
  try {
    registry.create(EVENTS, event, { manager: component });
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

function countAgain(registry: Registry, key: ObjectKey, lastTimestamp: string): boolean {
  const target = { resource: EVENTS, key };
  if (registry.find(target) === undefined) return false;
  const again = (event: StoredObject) => ({ ...event, lastTimestamp, count: Number(event.count ?? 1) + 1 });
  registry.update(target, again, { manager: 'kube-controller-manager' });
  return true;
}

function forgetOldest(registry: Registry, known: Map<string, ObjectKey>): void {
  const [oldest] = known;
  if (known.size <= MAX_EVENTS || oldest === undefined) return;
  known.delete(oldest[0]);
  const target = { resource: EVENTS, key: oldest[1] };
  if (registry.find(target) !== undefined) registry.delete(target, {});
}
