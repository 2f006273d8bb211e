import type { Draft } from '../stored-object.ts';
import { labelNameProblems, metadataProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';

export const NAMESPACES = defineResource({
  group: '',
  plural: 'namespaces',
  kind: 'Namespace',
  shortNames: ['ns'],
  isNamespaced: false,
  subresources: ['status', 'finalize'],
  answersDeleted: true,
  validate: (draft) => metadataProblems(draft, labelNameProblems),
  initialize: (draft) => ({ ...draft, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }),
  withDefaults: withNameLabel,
  fieldLabels: { 'status.phase': ({ status }) => (status as { phase: string }).phase },
});

/** Every namespace bears its name as a label, whatever a client sends. */
function withNameLabel(draft: Draft): Draft {
  const { name = '', labels } = draft.metadata;
  return {
    ...draft,
    metadata: { ...draft.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } },
  };
}
