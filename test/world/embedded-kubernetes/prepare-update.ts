import { conflict, invalid } from './api-error.ts';
import { isDeepEqual, isJsonObject } from './json-value.ts';
import { managedFieldsAfter } from './managed-fields.ts';
import { type PreparedWrite, withManagedFields, withoutEmpty } from './prepare-create.ts';
import { apiVersionOf, type Resource, type Subresource } from './resource.ts';
import { type Draft, type ObjectMeta, type StoredObject, timestamp } from './stored-object.ts';

export type UpdateTarget = {
  readonly resource: Resource;
  readonly current: StoredObject;
  readonly subresource: Subresource | undefined;
};

/**
 * Says what an object becomes when a client wants it to be `draft`: only the part that the subresource may write
 * changes, and what the server owns stays. A binding, alone in that, belongs to nobody. Returns the current object itself where nothing would change.
 * @throws ApiError 409 when the draft names another version or uid, 422 when it is not valid
 */
export function prepareUpdate(target: UpdateTarget, draft: Draft, write: PreparedWrite): StoredObject {
  const { resource, current } = target;
  assertSameVersion(resource, current, draft);
  const next = writablePart(target, draft);
  if (isDeepEqual(unmanaged(current), unmanaged(next))) return current;
  if (target.subresource === 'binding') return next;
  const problems = [...resource.validate(next), ...resource.validateUpdate(current, next)];
  if (problems.length > 0) throw invalid(resource, current.metadata.name, problems);
  const managedFields = managedFieldsAfter(current, asOwned(target, next), ownerOf(target, write));
  return withManagedFields(withGeneration(target, next), managedFields);
}

function assertSameVersion(resource: Resource, current: StoredObject, draft: Draft): void {
  const { name, resourceVersion, uid } = current.metadata;
  const askedVersion = draft.metadata.resourceVersion ?? '';
  if (askedVersion !== '' && askedVersion !== resourceVersion) throw conflict(resource, name);
  const askedUid = draft.metadata.uid ?? '';
  if (askedUid === '' || askedUid === uid) return;
  const why = `Precondition failed: UID in precondition: ${askedUid}, UID in object meta: ${uid}`;
  throw conflict(resource, name, why);
}

function writablePart({ resource, current, subresource }: UpdateTarget, draft: Draft): StoredObject {
  if (subresource === 'scale' || subresource === 'finalize') return { ...current, spec: draft.spec };
  // A binding also says, in the status, that the pod is scheduled.
  if (subresource === 'binding') return { ...current, spec: draft.spec, status: draft.status };
  if (subresource === 'status') {
    const kept = Object.fromEntries(resource.keptByStatus.map((name) => [name, current.metadata[name]]));
    const metadata = withServerFields(current, { ...draft.metadata, ...kept });
    return { ...current, metadata, status: draft.status };
  }
  const complete = resource.withDefaults(draft);
  const status = resource.subresources.includes('status') ? { status: current.status } : {};
  return { ...complete, ...status, metadata: withServerFields(current, draft.metadata) };
}

function withServerFields(current: StoredObject, metadata: Partial<ObjectMeta>): ObjectMeta {
  const { name, generateName, namespace, uid, resourceVersion, generation, creationTimestamp } =
    current.metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds, managedFields } = current.metadata;
  const { labels, annotations, ownerReferences, finalizers } = metadata;
  const fields = {
    name,
    generateName,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels,
    annotations,
    ownerReferences,
    finalizers,
    managedFields,
  };
  return withoutEmpty(fields) as ObjectMeta;
}

function unmanaged({ metadata: { managedFields: _, ...metadata }, ...fields }: StoredObject): object {
  return { ...fields, metadata };
}

/** A write to the status is no new wish. */
function withGeneration({ resource, current, subresource }: UpdateTarget, next: StoredObject): StoredObject {
  if (subresource === 'status' || resource.isNewGeneration?.(current, next) !== true) return next;
  const generation = (current.metadata.generation ?? 0) + 1;
  return { ...next, metadata: { ...next.metadata, generation } };
}

/**
 * A Scale leaves out replicas of 0: then nobody owns them any more, and no later scale does.
 * Source: kube-apiserver 1.37, tried.
 */
function asOwned({ current, subresource }: UpdateTarget, next: StoredObject): StoredObject {
  const { replicas, ...spec } = isJsonObject(next.spec) ? next.spec : {};
  const entries = current.metadata.managedFields ?? [];
  const isOwned = entries.some(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined);
  return subresource === 'scale' && (replicas === 0 || !isOwned) ? { ...next, spec } : next;
}

function ownerOf({ resource, subresource }: UpdateTarget, { manager, nowMs }: PreparedWrite) {
  const time = subresource === 'scale' ? undefined : timestamp(nowMs);
  const apiVersion = apiVersionOf(resource);
  return subresource === undefined
    ? { manager, apiVersion, time }
    : { manager, apiVersion, time, subresource };
}
