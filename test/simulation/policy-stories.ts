import fc from 'fast-check';
import { HOUR, MANIFESTS, MINUTE } from './a-world.ts';
import type { PolicyIncident, Source } from './policy-incident.ts';

/** Annotations of workloads that policies go by. */
export const POLICY_ANNOTATIONS: readonly Readonly<Record<string, string>>[] = [
  { 'dormouse/keep-awake': 'Mon-Sun 12:30-13:10 UTC' },
  { 'dormouse/background-max': '10m' },
  { 'dormouse/delete-after': '30m' },
  { 'dormouse/delete-after': 'soon' },
];
const NAMESPACES: readonly Readonly<Record<string, string>>[] = [
  {},
  {},
  { 'dormouse/enabled': 'false' },
  { 'dormouse/idle-after': '5m' },
  { 'dormouse/replicas': '3' },
  { 'dormouse/keep-awake': 'Tue,Wed 12:25-13:00 UTC' },
  { 'dormouse/delete-after': '40m' },
];
const SOURCES: readonly Source[] = ['readInherited', 'listBounds', 'listJobs'];
const BOUNDS = [undefined, { min: 2, max: 5 }, { min: 0, max: 3 }, { min: 1, max: 2 }];

const branch = fc.constantFrom(...Object.keys(MANIFESTS));
const workload = fc.constantFrom(...Object.values(MANIFESTS).flat());
const tab = fc.record({
  branch,
  instance: fc.constantFrom('wake-1', 'wake-2'),
  how: fc.constantFrom('polls', 'polls', 'socket'),
  everyMs: fc.constantFrom(2 * MINUTE, 4 * MINUTE),
  lastsMs: fc.constantFrom(20 * MINUTE, 48 * HOUR),
});

type Fields<What extends PolicyIncident['what']> = {
  readonly [Field in keyof Omit<Extract<PolicyIncident, { what: What }>, 'what'>]: fc.Arbitrary<
    Extract<PolicyIncident, { what: What }>[Field]
  >;
};

/** How often each comes, and what is left open about it. */
export const POLICY_INCIDENTS: {
  readonly [What in PolicyIncident['what']]: readonly [weight: number, fields: Fields<What>];
} = {
  namespace: [2, { annotations: fc.constantFrom(...NAMESPACES) }],
  hpa: [2, { workload, bounds: fc.constantFrom(...BOUNDS) }],
  'hpa-idle': [1, { workload }],
  job: [2, { branch, lastsMs: fc.constantFrom(5 * MINUTE, 2 * HOUR) }],
  fight: [2, { branch, how: fc.constantFrom('scale', 'apply', 'deploy', undefined) }],
  tab: [3, { tab }],
  unreadable: [1, { source: fc.constantFrom(...SOURCES), lastsMs: fc.constantFrom(MINUTE, 20 * MINUTE) }],
};
