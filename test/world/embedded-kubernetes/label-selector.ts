import { badRequest } from './api-error.ts';
import { isJsonObject } from './json-value.ts';
import type { StringMap } from './stored-object.ts';

export type Requirement = {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';
  readonly values: readonly string[];
};

/** All of them must hold. */
export type LabelSelector = readonly Requirement[];

const EXISTENCE = /^(!?)\s*([^\s!=(),<>]+)$/;
const EQUALITY = /^([^\s!=(),<>]+)\s*(==|=|!=)\s*([^\s!=(),<>]*)$/;
const COMPARISON = /^([^\s!=(),<>]+)\s*(<|>)\s*(-?\d+)$/;
const MEMBERSHIP = /^([^\s!=(),<>]+)\s+(in|notin)\s*\(([^()]*)\)$/;

/**
 * Reads the query parameter `labelSelector`: `a=b,c!=d,e in (f,g),!h`.
 * @throws ApiError 400
 */
export function parseLabelSelector(text: string): LabelSelector {
  return splitOutsideParentheses(text).map(parseRequirement);
}

function parseRequirement(text: string): Requirement {
  const requirement = existence(text) ?? equality(text) ?? membership(text) ?? comparison(text);
  if (requirement === undefined) throw badRequest(`unable to parse requirement: ${text}`);
  return requirement;
}

function existence(text: string): Requirement | undefined {
  const [, not, key = ''] = EXISTENCE.exec(text) ?? [];
  if (not === undefined) return undefined;
  return { key, operator: not === '!' ? 'absent' : 'exists', values: [] };
}

function equality(text: string): Requirement | undefined {
  const [, key = '', operator, value = ''] = EQUALITY.exec(text) ?? [];
  if (operator === undefined) return undefined;
  return { key, operator: operator === '!=' ? 'notin' : 'in', values: [value] };
}

function membership(text: string): Requirement | undefined {
  const [, key = '', operator, values = ''] = MEMBERSHIP.exec(text) ?? [];
  if (operator === undefined) return undefined;
  return {
    key,
    operator: operator as 'in' | 'notin',
    values: values.split(',').map((value) => value.trim()),
  };
}

function comparison(text: string): Requirement | undefined {
  const [, key = '', operator, value = ''] = COMPARISON.exec(text) ?? [];
  if (operator === undefined) return undefined;
  return { key, operator: operator === '>' ? 'gt' : 'lt', values: [value] };
}

function splitOutsideParentheses(text: string): readonly string[] {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

/** Reads a `LabelSelector` object, or `undefined` where there is none. */
export function labelSelectorOf(selector: unknown): LabelSelector | undefined {
  if (!isJsonObject(selector)) return undefined;
  const labels = Object.entries((selector.matchLabels ?? {}) as StringMap);
  const expressions = (selector.matchExpressions ?? []) as readonly Expression[];
  return [
    ...labels.map(([key, value]) => ({ key, operator: 'in' as const, values: [value] })),
    ...expressions.map(({ key, operator, values = [] }) => ({ key, operator: OPERATORS[operator], values })),
  ];
}

type Expression = {
  readonly key: string;
  readonly operator: keyof typeof OPERATORS;
  readonly values?: readonly string[];
};

const OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'absent' } as const;

export function matchesLabels(selector: LabelSelector, labels: StringMap = {}): boolean {
  return selector.every((requirement) => holds(requirement, labels[requirement.key]));
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'lt':
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

/** The selector's text, as a `Scale` carries it. */
export function labelSelectorText(selector: LabelSelector): string {
  return selector
    .toSorted((left, right) => (left.key < right.key ? -1 : 1))
    .map(requirementText)
    .join(',');
}

function requirementText({ key, operator, values }: Requirement): string {
  if (operator === 'exists') return key;
  if (operator === 'absent') return `!${key}`;
  if (operator === 'in' && values.length === 1) return `${key}=${values[0]}`;
  return `${key} ${operator} (${values.toSorted().join(',')})`;
}
