import { z } from 'zod';
import type { FieldProblem } from '../api-error.ts';
import type { JsonObject } from '../json-value.ts';
import type { Draft, StringMap } from '../stored-object.ts';
import { metadataProblems, requiredField, subdomainProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { objectOf, podSpecProblems, podTemplateWithDefaults } from './pod-template.ts';
import { int32, labelSelectorSchema, objectSchema, podTemplateSchema } from './schema.ts';
import { immutableProblems, isNewSpec } from './workload.ts';

/** No controller runs its pods here: what its status says is the test's. */
export const JOBS = defineResource({
  group: 'batch',
  plural: 'jobs',
  kind: 'Job',
  subresources: ['status'],
  schema: objectSchema({
    spec: z
      .looseObject({
        parallelism: int32.optional(),
        completions: int32.optional(),
        backoffLimit: int32.optional(),
        suspend: z.boolean().optional(),
        selector: labelSelectorSchema.optional(),
        template: podTemplateSchema.optional(),
      })
      .default({}),
  }),
  defaultPropagation: 'Orphan',
  isNewGeneration: isNewSpec,
  initialize: (draft) => ({ ...withOwnLabels(draft), status: {} }),
  withDefaults: (draft) => ({ ...draft, spec: specWithDefaults(objectOf(draft.spec)) }),
  validate: (draft) => [...metadataProblems(draft, subdomainProblems), ...templateProblems(draft)],
  validateUpdate: immutableProblems(['selector', 'template', 'completionMode']),
});

function specWithDefaults(spec: JsonObject): JsonObject {
  return {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    manualSelector: false,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    ...spec,
    template: podTemplateWithDefaults(spec.template),
  };
}

/** Pods bear the name and uid of their Job as labels, under the names of today and of before; a Job that has none itself, too. */
function withOwnLabels(draft: Draft): Draft {
  const { uid = '', name = '' } = draft.metadata;
  const labels = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  const hasLabels = Object.keys(draft.metadata.labels ?? {}).length > 0;
  const spec = objectOf(draft.spec);
  const template = objectOf(spec.template);
  const matchLabels = { 'batch.kubernetes.io/controller-uid': uid };
  return {
    ...draft,
    metadata: { ...draft.metadata, labels: hasLabels ? draft.metadata.labels : labels },
    spec: { ...spec, selector: { matchLabels }, template: withLabels(template, labels) },
  };
}

function withLabels(template: JsonObject, labels: StringMap): JsonObject {
  const metadata = objectOf(template.metadata);
  return { ...template, metadata: { ...metadata, labels: { ...objectOf(metadata.labels), ...labels } } };
}

function templateProblems({ spec }: Draft): readonly FieldProblem[] {
  const field = 'spec.template.spec';
  const pod = objectOf(objectOf(objectOf(spec).template).spec);
  const endsSometime = pod.restartPolicy === 'Never' || pod.restartPolicy === 'OnFailure';
  const missing = requiredField(`${field}.restartPolicy`, 'valid values: "OnFailure", "Never"');
  return [...podSpecProblems(field, pod), ...(endsSometime ? [] : [missing])];
}
