import { MANIFESTS, SECOND } from './a-world.ts';
import { type PolicyIncident, policyHappenings } from './policy-incident.ts';
import type { Manifest } from './world/cluster-state.ts';
import type { Mode } from './world/fact.ts';
import type { Start } from './world/pods.ts';
import type { Timeline } from './world/timeline.ts';
import type { World } from './world/world.ts';

/** Something that happens to Dormouse from outside. */
export type Incident =
  | PolicyIncident
  | {
      readonly what: 'visit';
      readonly branch: string;
      readonly instance: string;
      readonly isHeld: boolean;
      readonly isBackground: boolean;
    }
  | {
      readonly what: 'request';
      readonly branch: string;
      readonly instance: string;
      readonly isNavigation: boolean;
      readonly isImpatient: boolean;
    }
  | {
      readonly what: 'sweep';
      readonly skewMs: number;
      readonly isDryRun: boolean;
      /** It has hardly any time. */
      readonly isHurried: boolean;
    }
  | {
      readonly what: 'boot-wake';
      readonly instance: string;
      readonly skewMs: number;
      readonly isKilled: boolean;
    }
  | { readonly what: 'crash-sweeps' }
  | { readonly what: 'mode'; readonly mode: Mode }
  | { readonly what: 'weather'; readonly isFoul: boolean }
  | { readonly what: 'outage'; readonly system: 'cluster' | 'store'; readonly lastsMs: number }
  | { readonly what: 'watches'; readonly fate: 'cut' | 'silent' }
  | { readonly what: 'proxy'; readonly proxy: string; readonly isBeating: boolean }
  | { readonly what: 'start-like'; readonly branch: string; readonly start: Start }
  | { readonly what: 'deploy'; readonly manifest: Manifest }
  | { readonly what: 'scale'; readonly workload: Manifest; readonly replicas: number }
  | { readonly what: 'status'; readonly workload: Manifest }
  | { readonly what: 'remove'; readonly branch: string }
  | { readonly what: 'create'; readonly branch: string }
  | { readonly what: 'expire' }
  | { readonly what: 'corrupt'; readonly branch: string; readonly isCorrupt: boolean }
  | { readonly what: 'pin'; readonly branch: string; readonly lastsMs: number };

type Happening<What extends Incident['what']> = (
  stage: World & { readonly timeline: Timeline },
  incident: Extract<Incident, { readonly what: What }>,
) => void;

/** Time for about one branch. */
const HURRY_MS = 200;
/** A client that does not wait to the end. */
const IMPATIENCE_MS = 4 * SECOND;

const happenings: { readonly [What in Incident['what']]: Happening<What> } = {
  ...policyHappenings,
  visit: ({ visit }, { instance, branch, isHeld, isBackground }) =>
    void visit(instance, branch, { isHeld, isBackground }),
  // nginx mirrors it, too.
  request: ({ request, visit }, { branch, instance, isNavigation, isImpatient }) => {
    visit(instance, branch);
    request({ branch, instance, isNavigation, ...(isImpatient ? { leavesAfterMs: IMPATIENCE_MS } : {}) });
  },
  sweep: ({ sweep }, { skewMs, isDryRun, isHurried }) =>
    void sweep({ skewMs, isDryRun, ...(isHurried ? { deadlineMs: HURRY_MS } : {}) }),
  'boot-wake': (world, { instance, skewMs, isKilled }) => {
    if (isKilled) world.crash(instance);
    else world.drain(instance);
    world.bootWake(instance, skewMs);
  },
  'crash-sweeps': ({ network, crash }) => {
    const sweeps = new Set(network.open().map(({ actor }) => actor));
    for (const sweep of sweeps) if (sweep.startsWith('sweep')) crash(sweep);
  },
  mode: ({ setMode }, { mode }) => setMode(mode),
  weather: ({ timeline }, { isFoul }) => {
    timeline.weather.isFoul = isFoul;
  },
  outage: ({ timeline, clock }, { system, lastsMs }) => {
    timeline.weather.downUntilMs[system] = clock.nowMs + lastsMs;
  },
  watches: ({ watches }, { fate }) => {
    for (const watch of watches.list()) {
      if (fate === 'cut') watches.cut(watch);
      else watch.isSilent = true;
    }
  },
  proxy: ({ store }, { proxy, isBeating }) => store.beat(proxy, isBeating),
  'start-like': ({ pods }, { branch, start }) => pods.startLike(branch, start),
  deploy: ({ cluster }, { manifest }) => cluster.apply(manifest),
  scale: ({ cluster }, { workload, replicas }) =>
    cluster.scale(`${workload.kind}/${workload.name}`, replicas),
  status: ({ cluster }, { workload }) => cluster.writeStatus(`${workload.kind}/${workload.name}`),
  remove: ({ cluster }, { branch }) => {
    for (const { kind, name } of MANIFESTS[branch] ?? []) cluster.remove(`${kind}/${name}`);
  },
  create: ({ cluster }, { branch }) => {
    for (const manifest of MANIFESTS[branch] ?? []) cluster.apply(manifest);
  },
  expire: ({ store }) => store.expire(),
  corrupt: ({ store }, { branch, isCorrupt }) => store.corrupt(branch, isCorrupt),
  pin: ({ store, clock }, { branch, lastsMs }) => store.pin(branch, clock.nowMs + lastsMs),
};

export function happen(world: World, timeline: Timeline, incident: Incident): void {
  const happening = happenings[incident.what] as Happening<Incident['what']>;
  happening({ ...world, timeline }, incident);
}
