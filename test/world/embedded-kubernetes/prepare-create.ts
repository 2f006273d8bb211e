import { randomInt, randomUUID } from 'node:crypto';
import { invalid } from './api-error.ts';
import { managedFieldsAfter } from './managed-fields.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { type Draft, type StoredObject, timestamp } from './stored-object.ts';

/** No vowels and nothing that looks alike, so that a random name says nothing. Source: k8s.io/apimachinery rand. */
const NAME_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';
const RANDOM_CHARACTERS = 5;
const MAX_GENERATED_PREFIX = 58;

/**
 * Makes a client's draft into the object that is kept.
 * @throws ApiError 422 when it is not valid
 */
export function prepareCreate(resource: Resource, draft: Draft, write: PreparedWrite): StoredObject {
  const defaulted = resource.withDefaults(withUid(withName(draft)));
  const complete = resource.initialize(defaulted);
  const problems = resource.validate(complete);
  if (problems.length > 0) throw invalid(resource, complete.metadata.name ?? '', problems);
  const time = timestamp(write.nowMs);
  const owner = { manager: write.manager, apiVersion: apiVersionOf(resource), time };
  // The client owns what it sent and what was filled in for it, not what only the server decides.
  const managedFields = managedFieldsAfter(undefined, withoutStatus(resource, defaulted), owner);
  return withManagedFields(withIdentity(resource, complete, time), managedFields);
}

/** A write to the object itself does not reach the status. */
export function withoutStatus(resource: Resource, draft: Draft): Draft {
  if (!resource.subresources.includes('status')) return draft;
  const { status: _, ...rest } = draft;
  return rest;
}

export type PreparedWrite = { readonly manager: string; readonly nowMs: number };

export function withManagedFields(
  object: StoredObject,
  managedFields: ReturnType<typeof managedFieldsAfter>,
): StoredObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields },
  };
}

function withName(draft: Draft): Draft {
  const { name = '', generateName = '' } = draft.metadata;
  if (name !== '' || generateName === '') return draft;
  return { ...draft, metadata: { ...draft.metadata, name: generatedName(generateName) } };
}

/** Before the kind has its say: a Job bears it as a label. */
function withUid(draft: Draft): Draft {
  return { ...draft, metadata: { ...draft.metadata, uid: randomUUID() } };
}

function generatedName(prefix: string): string {
  const pick = () => NAME_CHARACTERS[randomInt(NAME_CHARACTERS.length)];
  return prefix.slice(0, MAX_GENERATED_PREFIX) + Array.from({ length: RANDOM_CHARACTERS }, pick).join('');
}

function withIdentity(resource: Resource, draft: Draft, time: string): StoredObject {
  const {
    deletionTimestamp: _,
    deletionGracePeriodSeconds: __,
    selfLink: ___,
    ...metadata
  } = draft.metadata as Record<string, unknown>;
  return {
    ...draft,
    metadata: {
      ...withoutEmpty(metadata),
      name: draft.metadata.name ?? '',
      uid: draft.metadata.uid ?? '',
      resourceVersion: '',
      ...(resource.isNewGeneration === undefined ? {} : { generation: 1 }),
      creationTimestamp: time,
    },
  };
}

/** Empty maps and lists are not kept, nor is what is undefined. */
export function withoutEmpty(fields: object): object {
  const kept = Object.entries(fields).filter(([, value]) =>
    typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined,
  );
  return Object.fromEntries(kept);
}
