import { z } from 'zod';
import { badRequest } from './api-error.ts';
import { parseInteger } from './list.ts';
import type { DeleteOptions } from './prepare-delete.ts';
import type { Propagation } from './resource.ts';

const POLICIES = ['Background', 'Foreground', 'Orphan'] as const;

const optionsSchema = z.looseObject({
  gracePeriodSeconds: z.int32().nonnegative().nullish(),
  propagationPolicy: z.enum(POLICIES).nullish(),
  orphanDependents: z.boolean().nullish(),
  preconditions: z
    .looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() })
    .nullish(),
});

/**
 * Reads how to delete from the body, or else from the query.
 * @throws ApiError 400
 */
export function deleteOptionsOf(query: URLSearchParams, body: string): DeleteOptions {
  const options = parseOptions(body.trim() === '' ? '{}' : body);
  const grace = query.has('gracePeriodSeconds') ? parseInteger(query.get('gracePeriodSeconds')) : undefined;
  return {
    gracePeriodSeconds: options.gracePeriodSeconds ?? grace,
    propagationPolicy:
      options.propagationPolicy ?? policyOf(query) ?? (options.orphanDependents ? 'Orphan' : undefined),
    uid: options.preconditions?.uid ?? undefined,
    resourceVersion: options.preconditions?.resourceVersion ?? undefined,
  };
}

function parseOptions(body: string) {
  try {
    return optionsSchema.parse(JSON.parse(body));
  } catch (cause) {
    throw badRequest(`the body is no DeleteOptions: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function policyOf(query: URLSearchParams): Propagation | undefined {
  const given = query.get('propagationPolicy');
  return POLICIES.find((policy) => policy === given);
}
