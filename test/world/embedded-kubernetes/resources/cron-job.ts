import { z } from 'zod';
import type { FieldProblem } from '../api-error.ts';
import type { JsonObject } from '../json-value.ts';
import type { Draft } from '../stored-object.ts';
import { metadataProblems, requiredField, subdomainProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { objectOf, podTemplateWithDefaults } from './pod-template.ts';
import { objectSchema } from './schema.ts';
import { isNewSpec } from './workload.ts';

/** What Jobs may be of. It starts none here. */
export const CRON_JOBS = defineResource({
  group: 'batch',
  plural: 'cronjobs',
  kind: 'CronJob',
  shortNames: ['cj'],
  subresources: ['status'],
  schema: objectSchema({
    spec: z.looseObject({ schedule: z.string().optional(), suspend: z.boolean().optional() }).default({}),
  }),
  isNewGeneration: isNewSpec,
  initialize: (draft) => ({ ...draft, status: {} }),
  withDefaults: (draft) => ({ ...draft, spec: specWithDefaults(objectOf(draft.spec)) }),
  validate: (draft) => [...metadataProblems(draft, subdomainProblems), ...scheduleProblems(draft)],
});

function specWithDefaults(spec: JsonObject): JsonObject {
  const jobTemplate = objectOf(spec.jobTemplate);
  const job = objectOf(jobTemplate.spec);
  return {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    ...spec,
    jobTemplate: {
      metadata: {},
      ...jobTemplate,
      spec: { ...job, template: { metadata: {}, ...podTemplateWithDefaults(job.template) } },
    },
  };
}

function scheduleProblems({ spec }: Draft): readonly FieldProblem[] {
  return objectOf(spec).schedule ? [] : [requiredField('spec.schedule')];
}
