import { badRequest, unsupportedMediaType } from './api-error.ts';
import { applyJsonPatch, jsonPatchSchema } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { type BodyKind, parsePatched } from './parse-draft.ts';
import { apiVersionOf } from './resource.ts';
import type { Draft } from './stored-object.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

type Patch = (target: unknown) => unknown;

/**
 * Reads a patch; what is returned applies it to an object of that kind.
 * @throws ApiError 400 when it is not understood, 415 for a type that is not spoken here (server-side apply is not)
 */
export function parsePatch(kind: BodyKind, contentType: string, body: string): (current: Draft) => Draft {
  const apply = patchOf(contentType.split(';')[0]?.trim() ?? '', body);
  return (current) =>
    parsePatched(kind, apply({ kind: kind.kind, apiVersion: apiVersionOf(kind), ...current }));
}

function patchOf(contentType: string, body: string): Patch {
  switch (contentType) {
    case 'application/json-patch+json':
      return jsonPatch(body);
    case 'application/merge-patch+json': {
      const patch = parseJson(body);
      return (target) => applyMergePatch(target, patch);
    }
    case 'application/strategic-merge-patch+json': {
      const patch = parseJson(body);
      return (target) => applyStrategicMergePatch(target, patch);
    }
    default:
      throw unsupportedMediaType();
  }
}

function jsonPatch(body: string): Patch {
  const patch = jsonPatchSchema.safeParse(parseJson(body));
  if (!patch.success) throw badRequest(`error decoding patch: ${patch.error.issues[0]?.message}`);
  return (target) => applyJsonPatch(target, patch.data);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw badRequest(`error decoding patch: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
