import { z } from 'zod';
import type { FieldProblem } from '../api-error.ts';
import { isDeepEqual, type JsonObject } from '../json-value.ts';
import type { Draft, StoredObject } from '../stored-object.ts';
import { invalidField, metadataProblems, subdomainProblems } from '../validate-metadata.ts';
import { objectOf, replicasProblems, templateProblems } from './pod-template.ts';
import { int32, intOrString, labelSelectorSchema, objectSchema, podTemplateSchema } from './schema.ts';

/** The types that Deployments, ReplicaSets and StatefulSets share. */
export const workloadSchema = objectSchema({
  spec: z
    .looseObject({
      replicas: int32.optional(),
      minReadySeconds: int32.nonnegative().optional(),
      revisionHistoryLimit: int32.nonnegative().optional(),
      progressDeadlineSeconds: int32.nonnegative().optional(),
      paused: z.boolean().optional(),
      selector: labelSelectorSchema.optional(),
      template: podTemplateSchema.optional(),
      strategy: z
        .looseObject({
          type: z.string().optional(),
          rollingUpdate: z
            .looseObject({ maxSurge: intOrString.optional(), maxUnavailable: intOrString.optional() })
            .nullish(),
        })
        .optional(),
    })
    .default({}),
});

export function workloadProblems(draft: Draft): readonly FieldProblem[] {
  const spec = objectOf(draft.spec);
  return [
    ...metadataProblems(draft, subdomainProblems),
    ...replicasProblems(spec),
    ...templateProblems(spec),
  ];
}

/** Those fields of the spec that may not change. */
export function immutableProblems(fields: readonly string[]) {
  return (current: StoredObject, next: Draft): readonly FieldProblem[] => {
    const before: JsonObject = objectOf(current.spec);
    const after: JsonObject = objectOf(next.spec);
    const changed = fields.filter((field) => !isDeepEqual(before[field], after[field]));
    return changed.map((field) => invalidField(`spec.${field}`, after[field], 'field is immutable'));
  };
}

export function isNewSpec(current: StoredObject, next: Draft): boolean {
  return !isDeepEqual(current.spec, next.spec);
}
