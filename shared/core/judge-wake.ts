import {
  type BranchView,
  type ContainerView,
  isReachable,
  type PodView,
  type WorkloadView,
} from './branch-view.ts';

/** What a branch is waiting for, from the first to the last. */
export type WakeStep = 'pod' | 'node' | 'image' | 'init' | 'start' | 'readiness' | 'endpoints';

/** Why a branch cannot start by itself. */
export type HopelessReason = 'image' | 'config' | 'crash-loop' | 'quota' | 'no-service';

/** How far a wake has come. `detail` is Kubernetes' own text: show it, never trust it. */
export type WakeState =
  | { readonly state: 'reachable' }
  | { readonly state: 'waiting'; readonly step: WakeStep; readonly detail?: string }
  | {
      readonly state: 'hopeless';
      readonly reason: HopelessReason;
      readonly detail: string;
      readonly look: string;
    };

type Hopeless = Extract<WakeState, { state: 'hopeless' }>;

const IMAGE_REASONS = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName'];
const CONFIG_REASONS = ['CreateContainerConfigError', 'CreateContainerError'];
const HOPELESS_RESTARTS = 3;

/**
 * Judges a wake by what Kubernetes says of the workload that bears the branch's name. Hopeless only when every pod
 * that counts is: while one may still come up, people wait. Whatever the verdict, the wake goes on.
 */
export function judgeWake(branch: string, view: BranchView): WakeState {
  if (isReachable(view)) return { state: 'reachable' };
  const [bearer, ...companions] = view.workloads;
  if (bearer === undefined) return { state: 'waiting', step: 'pod' };
  if (bearer.pods.length === 0) return judgeWithoutPods(bearer);
  const verdicts = bearer.pods.map((pod) => judgePod(pod));
  const hopeless = hopelessOf(verdicts);
  if (hopeless !== undefined)
    return hopeless.reason === 'crash-loop' ? judgeCrash(hopeless, bearer, companions) : hopeless;
  const furthest = furthestOf(verdicts);
  const isUp = furthest.state === 'waiting' && furthest.step === 'endpoints';
  return isUp && view.service === 'missing' ? withoutService(branch) : furthest;
}

/** Hopeless only if all are. */
function hopelessOf(verdicts: readonly WakeState[]): Hopeless | undefined {
  const hopeless = verdicts.filter((verdict) => verdict.state === 'hopeless');
  return hopeless.length === verdicts.length ? hopeless[0] : undefined;
}

/**
 * An application that crashes while its database is not Ready yet is waking: it will be started again, also when the
 * database came up only since its last start. Others of the branch may crash for the same reason, so that one which may
 * still come up is enough. If none may, that is the reason.
 */
function judgeCrash(crash: Hopeless, bearer: WorkloadView, companions: readonly WorkloadView[]): WakeState {
  const wanted = companions.filter(({ replicas }) => replicas > 0);
  const hopeless: Hopeless[] = [];
  for (const companion of wanted.filter((each) => !isUp(each))) {
    const verdict = judgeCompanion(companion);
    if (verdict === undefined) return waiting('readiness', companion.ref);
    hopeless.push(verdict);
  }
  const other = hopeless.find(({ reason }) => reason !== 'crash-loop');
  if (other !== undefined) return other;
  return isAboutToTryAgain(bearer, wanted.filter(isUp)) ? waiting('start') : crash;
}

function isUp({ pods }: WorkloadView): boolean {
  return pods.some((pod) => pod.isReady);
}

/** Whether a pod was started last before all that are up were. Within one second nobody can tell: then it was. */
function isAboutToTryAgain({ pods }: WorkloadView, up: readonly WorkloadView[]): boolean {
  const upSinceMs = Math.max(...up.map(readySinceMs));
  return pods.some(({ containers }) =>
    containers.some(({ lastStartMs = Infinity }) => lastStartMs <= upSinceMs),
  );
}

function readySinceMs({ pods }: WorkloadView): number {
  return Math.min(...pods.flatMap(({ readySinceMs = -Infinity, isReady }) => (isReady ? readySinceMs : [])));
}

/** Undefined: it may still come up. */
function judgeCompanion(companion: WorkloadView): Hopeless | undefined {
  if (companion.pods.length > 0) return hopelessOf(companion.pods.map((pod) => judgePod(pod)));
  const verdict = judgeWithoutPods(companion);
  return verdict.state === 'hopeless' ? verdict : undefined;
}

function judgeWithoutPods({ ref, createFailure }: WorkloadView): WakeState {
  if (createFailure === undefined) return { state: 'waiting', step: 'pod' };
  return { state: 'hopeless', reason: 'quota', detail: createFailure, look: `kubectl describe ${ref}` };
}

function withoutService(branch: string): WakeState {
  const detail = `there is no Service ${branch}`;
  return { state: 'hopeless', reason: 'no-service', detail, look: `kubectl get service ${branch}` };
}

function judgePod(pod: PodView): WakeState {
  const hopeless = pod.containers.map((container) => judgeContainer(pod, container)).find(Boolean);
  if (hopeless !== undefined) return hopeless;
  if (!pod.isScheduled) return waiting('node', pod.unschedulable);
  return pod.isReady ? waiting('endpoints') : judgeProgress(pod);
}

function judgeProgress(pod: PodView): WakeState {
  const notYet = containerInTheWay(pod.containers);
  if (notYet === undefined) return waiting('readiness'); // its containers are ready, and a gate is not
  const { name, role, state, reason, restarts } = notYet;
  const hasCrashed = restarts > 0;
  if (pod.isPulling && !hasCrashed) return waiting('image');
  const detail = hasCrashed && reason !== undefined ? `${name} (${reason})` : name;
  if (role === 'init') return waiting('init', detail);
  return waiting(state === 'running' ? 'readiness' : 'start', detail);
}

/** The container that the pod waits for: an init container, else one that does not run, else one that is not ready. */
function containerInTheWay(containers: readonly ContainerView[]): ContainerView | undefined {
  const inTheWay = containers.filter((container) => !isThrough(container));
  const init = inTheWay.find(({ role }) => role === 'init');
  return init ?? inTheWay.find(({ state }) => state !== 'running') ?? inTheWay[0];
}

function isThrough({ role, state, isReady, exitCode }: ContainerView): boolean {
  return role === 'init' ? state === 'terminated' && exitCode === 0 : isReady;
}

function judgeContainer(pod: PodView, container: ContainerView): WakeState | undefined {
  const { name, reason = '', message = '', restarts, exitCode, state } = container;
  if (state !== 'waiting') return undefined;
  const describe = `kubectl describe pod/${pod.name}`;
  const detail = `container ${name}: ${message === '' ? reason : message}`;
  if (IMAGE_REASONS.includes(reason)) return { state: 'hopeless', reason: 'image', detail, look: describe };
  if (CONFIG_REASONS.includes(reason)) return { state: 'hopeless', reason: 'config', detail, look: describe };
  if (reason !== 'CrashLoopBackOff' || restarts < HOPELESS_RESTARTS) return undefined;
  const crash = `container ${name} was restarted ${restarts} times and ended again, with exit code ${exitCode ?? 'unknown'}`;
  const look = `kubectl logs pod/${pod.name} -c ${name} --previous`;
  return { state: 'hopeless', reason: 'crash-loop', detail: crash, look };
}

const STEPS: readonly WakeStep[] = ['pod', 'node', 'image', 'init', 'start', 'readiness', 'endpoints'];

/** One pod that serves is enough, so the one that is nearest to it tells how far the branch is. */
function furthestOf(verdicts: readonly WakeState[]): WakeState {
  const rank = (verdict: WakeState) => (verdict.state === 'waiting' ? STEPS.indexOf(verdict.step) : -1);
  return verdicts.reduce((best, verdict) => (rank(verdict) > rank(best) ? verdict : best));
}

function waiting(step: WakeStep, detail?: string): WakeState {
  return detail === undefined ? { state: 'waiting', step } : { state: 'waiting', step, detail };
}
