import type { z } from 'zod';
import { badRequest, type FieldProblem, invalid } from './api-error.ts';
import { isJsonObject, type JsonObject } from './json-value.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import type { Draft } from './stored-object.ts';
import { invalidField } from './validate-metadata.ts';

/** The kind that a body must be, and the types of its fields. */
export type BodyKind = Pick<Resource, 'group' | 'version' | 'kind'> & { readonly schema: z.ZodType };

/**
 * Reads the object that a client sent.
 * @throws ApiError 400 when it is no JSON, of another kind, or has fields of a wrong type
 */
export function parseDraft(kind: BodyKind, body: string): Draft {
  const value = parseJson(body, kind);
  assertKind(kind, value);
  const result = kind.schema.safeParse(withoutUnset(value));
  if (result.success) return result.data as Draft;
  const subject = `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}`;
  throw badRequest(
    `${subject}: ${problemsOf(result.error).map(({ field, message }) => `${field}: ${message}`)}`,
  );
}

/**
 * Reads what a patch has made of an object.
 * @throws ApiError 422 when fields have got a wrong type
 */
export function parsePatched(kind: BodyKind, value: unknown): Draft {
  const object = isJsonObject(value) ? value : {};
  assertKind(kind, object);
  const result = kind.schema.safeParse(withoutUnset(object));
  if (result.success) return result.data as Draft;
  throw invalid({ group: '', kind: '' }, '', problemsOf(result.error));
}

function parseJson(body: string, { kind }: BodyKind): JsonObject {
  const unrecognized = `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind`;
  try {
    const value = JSON.parse(body);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw badRequest(`${unrecognized}; json parse error: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  throw badRequest(`${unrecognized}; json parse error: not an object`);
}

function assertKind(kind: BodyKind, value: JsonObject): void {
  const apiVersion = apiVersionOf(kind);
  const given = { kind: value.kind ?? kind.kind, apiVersion: value.apiVersion ?? apiVersion };
  if (given.kind === kind.kind && given.apiVersion === apiVersion) return;
  const version = String(given.apiVersion).split('/').at(-1);
  const subject = `${given.kind} in version "${version}" cannot be handled as a ${kind.kind}`;
  throw badRequest(`${subject}: no kind "${given.kind}" is registered for version "${given.apiVersion}"`);
}

/** A field that is null is one that was not sent, where the types of Go know no null. */
function withoutUnset({ kind: _, apiVersion: __, ...fields }: JsonObject): JsonObject {
  const { metadata, spec } = fields;
  return {
    ...fields,
    metadata: metadata === null || metadata === undefined ? {} : withoutNulls(metadata),
    ...(spec === undefined ? {} : { spec: withoutNulls(spec) }),
  };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value ?? undefined;
  const set = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(set.map(([name, field]) => [name, withoutNulls(field)]));
}

function problemsOf({ issues }: z.ZodError): readonly FieldProblem[] {
  return issues.map(({ path, message, input }) => invalidField(path.join('.'), input ?? null, message));
}
