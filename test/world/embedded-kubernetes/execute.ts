import { badRequest, conflict, invalid, methodNotAllowed } from './api-error.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { filterOf, type Snapshots } from './list.ts';
import { type BodyKind, parseDraft } from './parse-draft.ts';
import { parsePatch } from './patch-object.ts';
import { podBinding } from './pod-binding.ts';
import type { Deleted, Registry, Target, Write } from './registry.ts';
import type { Resource } from './resource.ts';
import { objectOf } from './resources/pod-template.ts';
import { objectSchema } from './resources/schema.ts';
import type { ApiCall } from './route.ts';
import { SCALE, scaleOf, scaleSchema, withScale } from './scale.ts';
import { draftJson, listJson, objectJson } from './serialize.ts';
import type { Draft, StoredObject } from './stored-object.ts';
import { invalidField } from './validate-metadata.ts';

export type Answer = { readonly status: number; readonly body: string };

/** What a client sent along with its call. */
export type Payload = { readonly body: string; readonly contentType: string; readonly write: Write };

export type Api = { readonly registry: Registry; readonly snapshots: Snapshots; readonly now: () => number };

const SCALE_KIND: BodyKind = { ...SCALE, schema: scaleSchema };
const BINDING_KIND: BodyKind = { group: '', version: 'v1', kind: 'Binding', schema: objectSchema({}) };

/**
 * Does what a call asks for; a watch is served elsewhere.
 * @throws ApiError
 */
export function execute(api: Api, call: ApiCall, payload: Payload): Answer {
  switch (call.verb) {
    case 'get':
      return answerObject(call, api.registry.get(targetOf(call)), 200);
    case 'list':
      return { status: 200, body: api.snapshots.readPage(call) };
    case 'create':
      return call.subresource === 'binding' ? bind(api, call, payload) : create(api, call, payload);
    case 'update':
      return update(api, call, payload);
    case 'patch':
      return patch(api, call, payload);
    case 'delete':
      return answerDeleted(call.resource, remove(api, targetOf(call), { call, payload }));
    case 'deletecollection':
      return deleteCollection(api, call, payload);
    case 'watch':
      throw methodNotAllowed();
  }
}

function targetOf({ resource, namespace = '', name = '', subresource }: ApiCall): Target {
  return { resource, key: { namespace, name }, subresource };
}

function answerObject({ resource, subresource }: ApiCall, object: StoredObject, status: number): Answer {
  return subresource === 'scale'
    ? { status, body: draftJson(SCALE, scaleOf(object)) }
    : { status, body: objectJson(resource, object) };
}

function create({ registry }: Api, call: ApiCall, { body, write }: Payload): Answer {
  const draft = inNamespace(parseDraft(call.resource, body), call);
  return answerObject(call, registry.create(call.resource, draft, write), 201);
}

function update({ registry }: Api, call: ApiCall, { body, write }: Payload): Answer {
  const draft = named(inNamespace(parseDraft(bodyKindOf(call), body), call), call);
  const change = (current: StoredObject) => fromBody(call, current, draft);
  return answerObject(call, registry.update(targetOf(call), change, write), 200);
}

function patch({ registry }: Api, call: ApiCall, { contentType, body, write }: Payload): Answer {
  const apply = parsePatch(bodyKindOf(call), contentType, body);
  const change = (current: StoredObject) => {
    const view = call.subresource === 'scale' ? scaleOf(current) : current;
    const patched = apply(view);
    assertSameUid(call, current, patched);
    return fromBody(call, current, named(inNamespace(patched, call), call));
  };
  return answerObject(call, registry.update(targetOf(call), change, write), 200);
}

/** A patch of the uid is a wrong value, where an update of another uid is a conflict. */
function assertSameUid({ resource }: ApiCall, { metadata }: StoredObject, patched: Draft): void {
  const { uid } = patched.metadata;
  if (uid === undefined || uid === metadata.uid) return;
  throw invalid(resource, metadata.name, [invalidField('metadata.uid', uid, 'field is immutable')]);
}

function fromBody({ subresource }: ApiCall, current: StoredObject, body: Draft): Draft {
  return subresource === 'scale' ? withScale(current, body) : body;
}

function bodyKindOf({ resource, subresource }: ApiCall): BodyKind {
  return subresource === 'scale' ? SCALE_KIND : resource;
}

/** The namespace of the path holds; a body may leave it out, but not name another. */
function inNamespace(draft: Draft, { namespace }: ApiCall): Draft {
  const { namespace: given = '', ...metadata } = draft.metadata;
  if (namespace === undefined) return { ...draft, metadata };
  if (given === '' || given === namespace) return { ...draft, metadata: { ...metadata, namespace } };
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function named(draft: Draft, { name = '' }: ApiCall): Draft {
  const given = draft.metadata.name ?? '';
  if (given === name) return draft;
  if (given !== '')
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

function bind({ registry, now }: Api, call: ApiCall, { body, write }: Payload): Answer {
  const binding = parseDraft(BINDING_KIND, body);
  if (binding.metadata.name !== call.name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  const nodeName = String(objectOf(binding.target).name ?? '');
  const change = (pod: StoredObject) => podBinding(pod, nodeName, now()) ?? alreadyBound(call, pod);
  registry.update(targetOf(call), change, write);
  return { status: 201, body: successJson({ code: 201 }) };
}

function alreadyBound({ resource, name = '' }: ApiCall, { spec }: StoredObject): never {
  const why = `pod ${name} is already assigned to node "${objectOf(spec).nodeName}"`;
  throw conflict({ ...resource, plural: 'pods/binding' }, name, why);
}

type Removal = { readonly call: ApiCall; readonly payload: Payload };

function remove({ registry }: Api, target: Target, { call, payload }: Removal): Deleted {
  return registry.delete(target, { ...deleteOptionsOf(call.query, payload.body), ...payload.write });
}

function answerDeleted(resource: Resource, { object, isGone }: Deleted): Answer {
  if (!isGone || resource.answersDeleted) return { status: 200, body: objectJson(resource, object) };
  const { group, plural: kind } = resource;
  const { name, uid } = object.metadata;
  return {
    status: 200,
    body: successJson({ details: { name, ...(group === '' ? {} : { group }), kind, uid } }),
  };
}

function deleteCollection(api: Api, call: ApiCall, payload: Payload): Answer {
  const { resource, namespace, query } = call;
  const objects = api.registry.list(resource, namespace).filter(filterOf(resource, query));
  const version = { resourceVersion: objects.at(-1)?.metadata.resourceVersion ?? '' };
  for (const { metadata } of objects) {
    const key = { namespace: metadata.namespace ?? '', name: metadata.name };
    remove(api, { resource, key }, { call, payload });
  }
  return { status: 200, body: listJson(resource, version, objects) };
}

function successJson(fields: object): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...fields });
}
