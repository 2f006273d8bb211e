import type { FieldProblem } from '../api-error.ts';
import type { Draft, StoredObject } from '../stored-object.ts';
import { invalidField, metadataProblems, subdomainProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { objectOf } from './pod-template.ts';

const about = (field: string) => [`involvedObject.${field}`, readInvolved(field)] as const;

export const EVENTS = defineResource({
  group: '',
  plural: 'events',
  kind: 'Event',
  shortNames: ['ev'],
  withDefaults: (draft) => ({
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
    ...draft,
  }),
  validate: (draft) => [...metadataProblems(draft, subdomainProblems), ...namespaceProblems(draft)],
  fieldLabels: {
    ...Object.fromEntries(['kind', 'namespace', 'name', 'uid', 'apiVersion', 'fieldPath'].map(about)),
    reason: ({ reason }) => String(reason ?? ''),
    type: ({ type }) => String(type ?? ''),
  },
});

function readInvolved(field: string) {
  return ({ involvedObject }: StoredObject) => String(objectOf(involvedObject)[field] ?? '');
}

function namespaceProblems({ metadata, involvedObject }: Draft): readonly FieldProblem[] {
  const { namespace = '' } = objectOf(involvedObject);
  if (namespace === metadata.namespace) return [];
  return [invalidField('involvedObject.namespace', namespace, 'does not match event.namespace')];
}
