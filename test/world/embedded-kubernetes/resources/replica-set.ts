import { defineResource } from './define-resource.ts';
import { objectOf, podTemplateWithDefaults } from './pod-template.ts';
import { immutableProblems, isNewSpec, workloadProblems, workloadSchema } from './workload.ts';

export const REPLICA_SETS = defineResource({
  group: 'apps',
  plural: 'replicasets',
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  subresources: ['status', 'scale'],
  schema: workloadSchema,
  isNewGeneration: isNewSpec,
  initialize: (draft) => ({ ...draft, status: { replicas: 0 } }),
  withDefaults: (draft) => {
    const spec = objectOf(draft.spec);
    return { ...draft, spec: { replicas: 1, ...spec, template: podTemplateWithDefaults(spec.template) } };
  },
  validate: workloadProblems,
  validateUpdate: immutableProblems(['selector']),
});
