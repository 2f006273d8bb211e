import type { JsonObject } from '../json-value.ts';
import { defineResource } from './define-resource.ts';
import { objectOf, podTemplateWithDefaults } from './pod-template.ts';
import { immutableProblems, isNewSpec, workloadProblems, workloadSchema } from './workload.ts';

export const STATEFUL_SETS = defineResource({
  group: 'apps',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  shortNames: ['sts'],
  subresources: ['status', 'scale'],
  schema: workloadSchema,
  isNewGeneration: isNewSpec,
  initialize: (draft) => ({ ...draft, status: { replicas: 0, availableReplicas: 0 } }),
  withDefaults: (draft) => ({ ...draft, spec: specWithDefaults(objectOf(draft.spec)) }),
  validate: workloadProblems,
  validateUpdate: immutableProblems([
    'selector',
    'serviceName',
    'podManagementPolicy',
    'volumeClaimTemplates',
  ]),
});

function specWithDefaults(spec: JsonObject): JsonObject {
  return {
    replicas: 1,
    serviceName: '',
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    ...spec,
    template: podTemplateWithDefaults(spec.template),
    updateStrategy: strategyWithDefaults(objectOf(spec.updateStrategy)),
  };
}

function strategyWithDefaults(strategy: JsonObject): JsonObject {
  const { type = 'RollingUpdate', rollingUpdate, ...rest } = strategy;
  if (type !== 'RollingUpdate') return { ...rest, type };
  return { ...rest, type, rollingUpdate: { partition: 0, maxUnavailable: 1, ...objectOf(rollingUpdate) } };
}
