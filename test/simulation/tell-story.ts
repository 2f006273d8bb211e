import type { Fact } from './world/fact.ts';
import type { NamespaceHappening } from './world/namespace-fact.ts';

const PROTOCOL = [
  'scaled',
  'changed',
  'recorded',
  'looked',
  'fault',
  'visit-began',
  'visit-ended',
  'sweep-ended',
  'sweep-began',
  'corrupted',
  'crashed',
  'calm',
  'namespaced',
  'bounded',
  'surveyed',
  'service-removed',
  'blindness-stamped',
  'owner-told',
] as const;

/** A story as a timeline for people: one line for each thing that happened. */
export function tellStory(facts: readonly Fact[]): string {
  const startMs = facts[0]?.atMs ?? 0;
  return facts.map((fact) => `${clock(fact.atMs - startMs)}  ${describe(fact)}`).join('\n');
}

function clock(ms: number): string {
  const seconds = ms / 1_000;
  const two = (value: number) => `${Math.floor(value)}`.padStart(2, '0');
  return `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${(seconds % 60).toFixed(3).padStart(6, '0')}`;
}

function describe(fact: Fact): string {
  switch (fact.fact) {
    case 'scaled':
      return `${fact.by} scales ${fact.ref} ${fact.before.replicas} → ${fact.after.replicas}`;
    case 'changed':
      return `${fact.by} ${verb(fact)} ${fact.ref} ${manifest(fact)}`;
    case 'recorded':
      return `${fact.by} ${fact.means}s ${fact.branch}: ${difference(fact.before ?? {}, fact.after)}`;
    case 'looked':
      return `${fact.by} sees ${fact.workloads.map(({ name, replicas }) => `${name}=${replicas}`).join(' ')}`;
    case 'fault':
      return `${fact.by} ${fact.method} ${fact.subject}: ${fact.fault}`;
    case 'visit-began':
      return `${fact.by} begins ${fact.isBackground ? 'background ' : ''}visit ${fact.visit} of ${fact.branch}`;
    case 'visit-ended':
      return `${fact.by} ends visit ${fact.visit}: ${fact.problem ?? JSON.stringify(fact.outcome)}`;
    case 'sweep-ended':
      return `${fact.by} ends: ${fact.problem ?? results(fact.swept)}`;
    case 'sweep-began':
      return `${fact.by} begins, mode ${fact.mode}`;
    case 'corrupted':
      return `${fact.by} ${fact.isCorrupt ? 'break' : 'mend'} the record of ${fact.branch}`;
    case 'crashed':
      return `${fact.by} dies`;
    case 'calm':
      return 'calm: nobody comes any more';
    case 'namespaced':
    case 'bounded':
    case 'surveyed':
    case 'service-removed':
    case 'blindness-stamped':
    case 'owner-told':
      return describeNamespace(fact);
    default:
      return describeRequest(fact);
  }
}

function describeNamespace(fact: NamespaceHappening): string {
  switch (fact.fact) {
    case 'namespaced':
      return `${fact.by} annotate the namespace ${JSON.stringify(fact.annotations)}`;
    case 'bounded':
      return `${fact.by} bound ${fact.ref} ${JSON.stringify(fact.bounds)}`;
    case 'surveyed':
      return `${fact.by} goes by ${JSON.stringify(fact.inherited)} ${JSON.stringify([...(fact.bounds ?? [])])} ${JSON.stringify([...(fact.jobs ?? [])])}`;
    case 'service-removed':
      return `${fact.by} deletes the Service of ${fact.branch}`;
    case 'blindness-stamped':
      return `${fact.by} writes that it is blind`;
    case 'owner-told':
      return `${fact.by} tells the owner of ${fact.about}: ${fact.reason}`;
    default:
      return fact satisfies never;
  }
}

function describeRequest(fact: Exclude<Fact, { fact: (typeof PROTOCOL)[number] }>): string {
  switch (fact.fact) {
    case 'booted':
      return `${fact.by} starts, mode ${fact.mode}, its clock off by ${fact.skewMs} ms`;
    case 'expired':
      return `the record of ${fact.branch} is deleted`;
    case 'serving':
      return `${fact.endpoints} endpoints of ${fact.branch} serve`;
    case 'asked':
      return `${fact.by} asks how many endpoints of ${fact.branch} serve`;
    case 'told':
      return `${fact.by} hears that ${fact.endpoints} endpoints of ${fact.branch} serve`;
    case 'hold-began':
      return `${fact.by} begins hold ${fact.hold} of ${fact.branch} ${JSON.stringify(fact.visitor)}`;
    case 'hold-ended':
      return `${fact.by} ends hold ${fact.hold}: ${JSON.stringify(fact.outcome)}`;
    case 'request-began':
      return `request ${fact.request} of ${fact.branch}${fact.isNavigation ? ' by a person' : ''}`;
    case 'request-ended':
      return `request ${fact.request} ends: ${fact.end}`;
    default:
      return fact satisfies never;
  }
}

type Changed = Extract<Fact, { fact: 'changed' }>;
type Swept = Extract<Fact, { fact: 'sweep-ended' }>['swept'];

function verb({ before, after }: Changed): string {
  if (after === undefined) return 'remove';
  return before === undefined ? 'create' : 'deploy';
}

function manifest({ after }: Changed): string {
  if (after === undefined) return '';
  const { replicas, annotations, isRolloutUnfinished } = after;
  return JSON.stringify({ replicas, annotations, isRolloutUnfinished });
}

function results(swept: Swept): string {
  return swept
    .map(
      ({ branch, result }) => `${branch} ${result.result}${'reason' in result ? ` (${result.reason})` : ''}`,
    )
    .join(', ');
}

/** The fields that a write changed. */
function difference(before: object, after: object): string {
  const old = Object.entries(before);
  const gone = old.filter(([name]) => !(name in after)).map(([name]) => `${name} cleared`);
  const isNew = ([name, value]: [string, unknown]) =>
    JSON.stringify(Object.fromEntries(old)[name]) !== JSON.stringify(value);
  const set = Object.entries(after)
    .filter(isNew)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [...set, ...gone].join(', ');
}
