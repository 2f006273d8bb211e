import { isDeepEqual, type JsonObject } from '../json-value.ts';
import { defineResource } from './define-resource.ts';
import { objectOf, podTemplateWithDefaults } from './pod-template.ts';
import { immutableProblems, isNewSpec, workloadProblems, workloadSchema } from './workload.ts';

export const DEPLOYMENTS = defineResource({
  group: 'apps',
  plural: 'deployments',
  kind: 'Deployment',
  shortNames: ['deploy'],
  subresources: ['status', 'scale'],
  schema: workloadSchema,
  // Of all kinds, a Deployment alone also counts its annotations. Source: pkg/registry/apps/deployment/strategy.go
  isNewGeneration: (current, next) =>
    isNewSpec(current, next) || !isDeepEqual(current.metadata.annotations, next.metadata.annotations),
  keptByStatus: ['labels'],
  initialize: (draft) => ({ ...draft, status: {} }),
  withDefaults: (draft) => ({ ...draft, spec: specWithDefaults(objectOf(draft.spec)) }),
  validate: workloadProblems,
  validateUpdate: immutableProblems(['selector']),
});

function specWithDefaults(spec: JsonObject): JsonObject {
  return {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...spec,
    template: podTemplateWithDefaults(spec.template),
    strategy: strategyWithDefaults(objectOf(spec.strategy)),
  };
}

function strategyWithDefaults(strategy: JsonObject): JsonObject {
  const { type = 'RollingUpdate', rollingUpdate, ...rest } = strategy;
  if (type !== 'RollingUpdate') return { ...rest, type };
  return {
    ...rest,
    type,
    rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...objectOf(rollingUpdate) },
  };
}
