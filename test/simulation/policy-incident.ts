import type { Bounds } from '../../shared/core/branch.ts';
import type { Annotations } from '../../shared/core/workload.ts';
import type { Manifest } from './world/cluster-state.ts';
import type { Fight } from './world/reactions.ts';
import type { Tab } from './world/tabs.ts';
import type { Timeline } from './world/timeline.ts';
import type { World } from './world/world.ts';

/** What a sweep and a wake read of the namespace besides workloads. */
export type Source = 'readInherited' | 'listBounds' | 'listJobs';

/** Something that happens around branches, and that their policies speak of. */
export type PolicyIncident =
  | { readonly what: 'namespace'; readonly annotations: Annotations }
  | { readonly what: 'hpa'; readonly workload: Manifest; readonly bounds: Bounds | undefined }
  | { readonly what: 'hpa-idle'; readonly workload: Manifest }
  | { readonly what: 'job'; readonly branch: string; readonly lastsMs: number }
  | { readonly what: 'fight'; readonly branch: string; readonly how: Fight | undefined }
  | { readonly what: 'tab'; readonly tab: Tab }
  | { readonly what: 'unreadable'; readonly source: Source; readonly lastsMs: number };

type Happening<What extends PolicyIncident['what']> = (
  stage: World & { readonly timeline: Timeline },
  incident: Extract<PolicyIncident, { readonly what: What }>,
) => void;

export const policyHappenings: { readonly [What in PolicyIncident['what']]: Happening<What> } = {
  namespace: ({ namespace }, { annotations }) => namespace.annotate(annotations),
  hpa: ({ namespace }, { workload: { kind, name }, bounds }) => namespace.bound(`${kind}/${name}`, bounds),
  'hpa-idle': ({ reactions }, { workload: { kind, name } }) => reactions.idle(`${kind}/${name}`),
  job: ({ namespace }, { branch, lastsMs }) => namespace.startJob(branch, lastsMs),
  fight: ({ reactions }, { branch, how }) => reactions.fight(branch, how),
  tab: ({ tabs }, { tab }) => tabs.open(tab),
  unreadable: ({ timeline, clock }, { source, lastsMs }) => {
    timeline.weather.refusedUntilMs[source] = clock.nowMs + lastsMs;
  },
};
