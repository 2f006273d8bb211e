import type { FieldProblem } from '../api-error.ts';
import type { Draft, StoredObject } from '../stored-object.ts';
import {
  invalidField,
  metadataProblems,
  qualifiedNameProblems,
  requiredField,
} from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { objectOf } from './pod-template.ts';

const MAX_NOTE_BYTES = 1_024;
const MAX_WORD_BYTES = 128;

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
  validate: (draft) => [
    ...(draft.eventTime ? timedProblems(draft) : namespaceProblems(draft)),
    ...metadataProblems(draft, anyName),
  ],
  fieldLabels: {
    ...Object.fromEntries(['kind', 'namespace', 'name', 'uid', 'apiVersion', 'fieldPath'].map(about)),
    reason: ({ reason }) => String(reason ?? ''),
    type: ({ type }) => String(type ?? ''),
  },
});

/** Of all names, only an Event's may be any. Source: kube-apiserver 1.37, tried. */
function anyName(): readonly FieldProblem[] {
  return [];
}

function readInvolved(field: string) {
  return ({ involvedObject }: StoredObject) => String(objectOf(involvedObject)[field] ?? '');
}

/**
 * An Event with an `eventTime` is one of the newer kind, of which more is asked.
 * Source: pkg/apis/core/validation/events.go, legacyValidateEvent.
 */
function timedProblems(draft: Draft): readonly FieldProblem[] {
  const reporter = String(draft.reportingComponent ?? '');
  return [
    ...(objectOf(draft.involvedObject).namespace ? [] : namespaceProblems(draft)),
    ...(reporter === '' ? [requiredField('reportingComponent')] : []),
    ...(reporter === '' ? [invalidField('reportingComponent', '', 'name part must be non-empty')] : []),
    ...qualifiedNameProblems('reportingComponent', reporter),
    ...textProblems(draft, 'reportingInstance'),
    ...textProblems(draft, 'action'),
    ...textProblems(draft, 'reason'),
    ...lengthProblems(draft, 'message', MAX_NOTE_BYTES),
  ];
}

function textProblems(draft: Draft, field: string): readonly FieldProblem[] {
  return draft[field] ? lengthProblems(draft, field, MAX_WORD_BYTES) : [requiredField(field)];
}

function lengthProblems(draft: Draft, field: string, maxBytes: number): readonly FieldProblem[] {
  const isTooLong = Buffer.byteLength(String(draft[field] ?? '')) > maxBytes;
  return isTooLong ? [invalidField(field, '', `can have at most ${maxBytes} characters`)] : [];
}

function namespaceProblems({ metadata, involvedObject }: Draft): readonly FieldProblem[] {
  const { namespace = '' } = objectOf(involvedObject);
  if (namespace === metadata.namespace) return [];
  return [invalidField('involvedObject.namespace', namespace, 'does not match event.namespace')];
}
