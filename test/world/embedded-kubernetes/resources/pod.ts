import type { FieldProblem } from '../api-error.ts';
import { isDeepEqual } from '../json-value.ts';
import type { Draft, StoredObject } from '../stored-object.ts';
import { metadataProblems, subdomainProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { listOf, objectOf, podSpecProblems, podSpecWithDefaults } from './pod-template.ts';
import { objectSchema, podSpecSchema } from './schema.ts';

const POD_TOLERATIONS = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

/** What admission adds. Source: the plugins DefaultTolerationSeconds and Priority. */
const ADMITTED_SPEC = {
  tolerations: POD_TOLERATIONS,
  priority: 0,
  preemptionPolicy: 'PreemptLowerPriority',
};

/** Source: pkg/apis/core/validation, ValidatePodUpdate. */
const IMMUTABLE_SPEC =
  'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,' +
  '`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing ' +
  'tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export const PODS = defineResource({
  group: '',
  plural: 'pods',
  kind: 'Pod',
  shortNames: ['po'],
  subresources: ['status', 'binding'],
  schema: objectSchema({ spec: podSpecSchema.default({}) }),
  answersDeleted: true,
  keptByStatus: ['ownerReferences'],
  isNewGeneration: (current, next) => !isDeepEqual(current.spec, next.spec),
  initialize: (draft) => ({
    ...draft,
    spec: { ...ADMITTED_SPEC, ...objectOf(draft.spec) },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  }),
  withDefaults: (draft) => ({
    ...draft,
    spec: { enableServiceLinks: true, ...podSpecWithDefaults(objectOf(draft.spec)) },
  }),
  validate: (draft) => [
    ...metadataProblems(draft, subdomainProblems),
    ...podSpecProblems('spec', objectOf(draft.spec)),
  ],
  validateUpdate: specProblems,
  fieldLabels: {
    'spec.nodeName': ({ spec }) => String(objectOf(spec).nodeName ?? ''),
    'spec.restartPolicy': ({ spec }) => String(objectOf(spec).restartPolicy ?? ''),
    'spec.schedulerName': ({ spec }) => String(objectOf(spec).schedulerName ?? ''),
    'status.phase': ({ status }) => String(objectOf(status).phase ?? ''),
    'status.podIP': ({ status }) => String(objectOf(status).podIP ?? ''),
  },
});

function specProblems(current: StoredObject, next: Draft): readonly FieldProblem[] {
  if (isDeepEqual(fixedPart(current.spec), fixedPart(next.spec))) return [];
  return [{ reason: 'FieldValueForbidden', field: 'spec', message: IMMUTABLE_SPEC }];
}

function fixedPart(spec: unknown): object {
  const { tolerations: _, activeDeadlineSeconds: __, ...rest } = objectOf(spec);
  const withoutImages = (field: unknown) => listOf(field).map((item) => ({ ...objectOf(item), image: '' }));
  return {
    ...rest,
    containers: withoutImages(rest.containers),
    initContainers: withoutImages(rest.initContainers),
  };
}
