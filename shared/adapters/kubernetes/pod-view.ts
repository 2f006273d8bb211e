import type { CoreV1Event, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { ContainerView, PodView } from '../../core/branch-view.ts';
import { cutText } from './cut-text.ts';
import { eventTimeMs } from './event-time.ts';
import { timeMs } from './kubernetes-time.ts';

/** What a container waits for while its image may be on the way: its status does not tell. */
const MAY_PULL = ['ContainerCreating', 'PodInitializing'];
const PULL_BEGINS = 'Pulling';
const PULL_ENDS = ['Pulled', 'Failed', 'BackOff'];

/** Translates a pod; of its events only those about images are looked at. */
export function podViewFrom(pod: V1Pod, events: readonly CoreV1Event[]): PodView {
  const isScheduled = Boolean(pod.spec?.nodeName);
  const scheduled = conditionOf(pod, 'PodScheduled');
  const why = isScheduled || scheduled?.status !== 'False' ? undefined : scheduled.message;
  const containers = containersOf(pod);
  const ready = conditionOf(pod, 'Ready');
  const isReady = ready?.status === 'True';
  return {
    name: pod.metadata?.name ?? '',
    isReady,
    ...(isReady ? timeOf('readySinceMs', ready.lastTransitionTime) : {}),
    isScheduled,
    ...(why === undefined ? {} : { unschedulable: cutText(why) }),
    isPulling: containers.some((container) => isPulling(container, events)),
    containers: containers.map(containerViewFrom),
  };
}

/** Whether only the pod's events can tell that the kubelet is fetching an image. */
export function mayBePulling({ spec, status }: V1Pod): boolean {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return Boolean(spec?.nodeName) && statuses.some(isWaitingForStart);
}

type Told = { readonly reason?: string; readonly message?: string };
type Container = {
  readonly name: string;
  readonly role: ContainerView['role'];
  /** Not there until the kubelet has reported once. */
  readonly status: V1ContainerStatus | undefined;
};

/** In the order in which they start. */
function containersOf({ spec, status }: V1Pod): readonly Container[] {
  const init = (spec?.initContainers ?? []).map(({ name, restartPolicy }): Container => {
    const role = restartPolicy === 'Always' ? 'sidecar' : 'init';
    return { name, role, status: status?.initContainerStatuses?.find((each) => each.name === name) };
  });
  const main = (spec?.containers ?? []).map(({ name }): Container => {
    return { name, role: 'main', status: status?.containerStatuses?.find((each) => each.name === name) };
  });
  return [...init, ...main];
}

function containerViewFrom({ name, role, status }: Container): ContainerView {
  const { state = {}, lastState, ready = false, restartCount = 0 } = status ?? {};
  const { reason, message }: Told = state.waiting ?? state.terminated ?? {};
  const lastEnd = state.terminated ?? lastState?.terminated;
  const exitCode = lastEnd?.exitCode;
  return {
    name,
    role,
    state: stateOf(state),
    ...(reason ? { reason: cutText(reason) } : {}),
    ...(message ? { message: cutText(message) } : {}),
    isReady: ready,
    restarts: restartCount,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...timeOf('lastStartMs', lastEnd?.startedAt),
  };
}

function timeOf<Key extends string>(
  key: Key,
  time: Date | null | undefined,
): { readonly [_ in Key]?: number } {
  const ms = timeMs(time);
  return (ms === undefined ? {} : { [key]: ms }) as { readonly [_ in Key]?: number };
}

/** Source: Kubernetes, ContainerState: without any member it is waiting. */
function stateOf(state: { readonly running?: object; readonly terminated?: object }): ContainerView['state'] {
  if (state.running) return 'running';
  return state.terminated ? 'terminated' : 'waiting';
}

function conditionOf({ status }: V1Pod, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}

function isWaitingForStart({ state }: V1ContainerStatus): boolean {
  return MAY_PULL.includes(state?.waiting?.reason ?? '');
}

function isPulling({ name, status }: Container, events: readonly CoreV1Event[]): boolean {
  if (status === undefined || !isWaitingForStart(status)) return false;
  const own = events.filter(({ involvedObject }) => involvedObject.fieldPath?.endsWith(`{${name}}`));
  const latestMs = (reasons: readonly string[]) =>
    Math.max(0, ...own.filter(({ reason = '' }) => reasons.includes(reason)).map(eventTimeMs));
  return latestMs([PULL_BEGINS]) > latestMs(PULL_ENDS);
}
