import { z } from 'zod';
import type { FieldProblem } from '../api-error.ts';
import type { JsonObject } from '../json-value.ts';
import type { Draft } from '../stored-object.ts';
import { invalidField, metadataProblems, requiredField, subdomainProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { listOf, objectOf } from './pod-template.ts';
import { int32, objectSchema } from './schema.ts';
import { isNewSpec } from './workload.ts';

/** What is measured where nobody said what. Source: pkg/apis/autoscaling/v2/defaults.go */
const DEFAULT_METRIC = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};

const targetSchema = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
});

export const HORIZONTAL_POD_AUTOSCALERS = defineResource({
  group: 'autoscaling',
  version: 'v2',
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  subresources: ['status'],
  schema: objectSchema({
    spec: z
      .looseObject({
        scaleTargetRef: targetSchema.optional(),
        minReplicas: int32.optional(),
        maxReplicas: int32.optional(),
        metrics: z.array(z.looseObject({ type: z.string() })).nullish(),
      })
      .default({}),
  }),
  isNewGeneration: isNewSpec,
  initialize: (draft) => ({ ...draft, status: { desiredReplicas: 0, currentMetrics: null } }),
  withDefaults: (draft) => ({ ...draft, spec: specWithDefaults(objectOf(draft.spec)) }),
  validate: (draft) => [
    ...metadataProblems(draft, subdomainProblems),
    ...boundsProblems(objectOf(draft.spec)),
    ...targetProblems(objectOf(objectOf(draft.spec).scaleTargetRef)),
    ...zeroProblems(draft),
  ],
});

function specWithDefaults(spec: JsonObject): JsonObject {
  const metrics = listOf(spec.metrics);
  return {
    maxReplicas: 0,
    minReplicas: 1,
    ...spec,
    scaleTargetRef: { kind: '', name: '', ...objectOf(spec.scaleTargetRef) },
    metrics: metrics.length === 0 ? [DEFAULT_METRIC] : metrics,
  };
}

function boundsProblems({ minReplicas, maxReplicas }: JsonObject): readonly FieldProblem[] {
  const [min, max] = [Number(minReplicas), Number(maxReplicas)];
  const below = invalidField('spec.minReplicas', min, 'must be greater than or equal to 0');
  const crossed = invalidField('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`');
  return [
    ...(min < 0 ? [below] : []),
    ...(max < min ? [crossed] : []),
    ...(max < 1 ? [requiredField('spec.maxReplicas')] : []),
  ];
}

function targetProblems({ apiVersion = '', kind, name }: JsonObject): readonly FieldProblem[] {
  const where = 'spec.scaleTargetRef';
  const groupless = invalidField(`${where}.apiVersion`, apiVersion, 'apiVersion must specify API group');
  return [
    ...(kind ? [] : [requiredField(`${where}.kind`)]),
    ...(name ? [] : [requiredField(`${where}.name`)]),
    ...(String(apiVersion).includes('/') ? [] : [groupless]),
  ];
}

/** What its pods use tells nothing once there are none. */
function zeroProblems({ spec }: Draft): readonly FieldProblem[] {
  const { minReplicas, metrics } = objectOf(spec);
  const isOfOthers = (metric: unknown) => ['Object', 'External'].includes(String(objectOf(metric).type));
  if (minReplicas !== 0 || listOf(metrics).some(isOfOthers)) return [];
  const rule = 'must specify at least one Object or External metric to support scaling to zero replicas';
  return [{ reason: 'FieldValueForbidden', field: 'spec.metrics', message: `Forbidden: ${rule}` }];
}
