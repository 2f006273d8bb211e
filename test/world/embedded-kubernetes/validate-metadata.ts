import type { FieldProblem } from './api-error.ts';
import type { Draft, StringMap } from './stored-object.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const MAX_SUBDOMAIN = 253;
const MAX_LABEL = 63;
const MAX_ANNOTATION_BYTES = 256 * 1024;

const SUBDOMAIN_RULE =
  'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
  "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for " +
  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE =
  'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or ' +
  "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for " +
  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must " +
  "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for " +
  "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

export function invalidField(field: string, value: unknown, rule: string): FieldProblem {
  const message = `Invalid value: ${JSON.stringify(value)}: ${rule}`;
  return { reason: 'FieldValueInvalid', field, message };
}

export function requiredField(field: string, why?: string): FieldProblem {
  return {
    reason: 'FieldValueRequired',
    field,
    message: `Required value${why === undefined ? '' : `: ${why}`}`,
  };
}

/** What is wrong with a name that becomes a part of a DNS name with dots. */
export function subdomainProblems(field: string, name: string): readonly FieldProblem[] {
  const isTooLong = name.length > MAX_SUBDOMAIN;
  const length = isTooLong ? [invalidField(field, name, `must be no more than ${MAX_SUBDOMAIN} bytes`)] : [];
  return SUBDOMAIN.test(name) ? length : [...length, invalidField(field, name, SUBDOMAIN_RULE)];
}

/** What is wrong with a name that becomes one label of a DNS name. */
export function labelNameProblems(field: string, name: string): readonly FieldProblem[] {
  const isTooLong = name.length > MAX_LABEL;
  const length = isTooLong ? [invalidField(field, name, `must be no more than ${MAX_LABEL} bytes`)] : [];
  return LABEL.test(name) ? length : [...length, invalidField(field, name, LABEL_RULE)];
}

/** What is wrong with the name, the labels and the annotations of an object. */
export function metadataProblems({ metadata }: Draft, checkName: NameCheck): readonly FieldProblem[] {
  const { name = '', generateName = '', labels = {}, annotations = {} } = metadata;
  const missing = requiredField('metadata.name', 'name or generateName is required');
  return [
    ...(name === '' && generateName === '' ? [missing] : checkName('metadata.name', name)),
    ...labelsProblems('metadata.labels', labels),
    ...annotationsProblems(annotations),
  ];
}

export type NameCheck = (field: string, name: string) => readonly FieldProblem[];

export function labelsProblems(field: string, labels: StringMap): readonly FieldProblem[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(field, key),
    ...(value.length > MAX_LABEL
      ? [invalidField(field, value, `must be no more than ${MAX_LABEL} bytes`)]
      : []),
    ...(value === '' || QUALIFIED_PART.test(value) ? [] : [invalidField(field, value, LABEL_VALUE_RULE)]),
  ]);
}

function annotationsProblems(annotations: StringMap): readonly FieldProblem[] {
  const field = 'metadata.annotations';
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const isTooLong = bytes > MAX_ANNOTATION_BYTES;
  const message = `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`;
  return [
    ...Object.keys(annotations).flatMap((key) => qualifiedNameProblems(field, key.toLowerCase())),
    ...(isTooLong ? [{ reason: 'FieldValueInvalid' as const, field, message }] : []),
  ];
}

/** A key is a name, with or without a domain before a slash. */
export function qualifiedNameProblems(field: string, key: string): readonly FieldProblem[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const hasDomain = parts.length === 1 || (parts.length === 2 && SUBDOMAIN.test(parts[0] ?? ''));
  const isName = QUALIFIED_PART.test(name) && name.length <= MAX_LABEL;
  return hasDomain && isName ? [] : [invalidField(field, key, QUALIFIED_RULE)];
}
