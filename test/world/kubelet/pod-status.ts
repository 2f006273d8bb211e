import type { ContainerStatus, Pod, PodCondition, PodPhase, PodStatus } from '../kubernetes-objects.ts';

/** What the kubelet knows of a bound pod. */
export type PodFacts = {
  readonly pod: Pod;
  readonly ip: string;
  readonly hostIp: string;
  readonly startTime: string;
  readonly isEnding: boolean;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
};

/** The status that a kubelet reports of a pod. `previous` keeps the times of conditions that have not changed. */
export function podStatus(facts: PodFacts, previous: readonly PodCondition[], now: string): PodStatus {
  return {
    phase: phaseOf(facts),
    conditions: conditionsOf(facts).map((condition) => withTransition(condition, previous, now)),
    startTime: facts.startTime,
    hostIP: facts.hostIp,
    hostIPs: [{ ip: facts.hostIp }],
    podIP: facts.ip,
    podIPs: [{ ip: facts.ip }],
    initContainerStatuses: facts.initContainers,
    containerStatuses: facts.containers,
  };
}

export function isPodReady(status: Pick<PodStatus, 'conditions'>): boolean {
  return status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
}

/** Whether the pod's init containers are through: exited with 0, or, if restartable, started. */
export function isInitialized({ pod, initContainers }: PodFacts): boolean {
  return initContainers.every((status, index) =>
    isSidecar(pod, index) ? hasStarted(status) : status.state.terminated?.exitCode === 0,
  );
}

function hasStarted({ started, restartCount }: ContainerStatus): boolean {
  return started || restartCount > 0;
}

/** Source: kubernetes 1.37, pkg/kubelet/kubelet_pods.go, getPhase */
function phaseOf(facts: PodFacts): PodPhase {
  if (!isInitialized(facts)) return facts.isEnding || hasInitFailed(facts) ? 'Failed' : 'Pending';
  const hasNotStarted = facts.containers.some(
    ({ state, lastState }) => state.waiting !== undefined && lastState.terminated === undefined,
  );
  if (hasNotStarted && !facts.isEnding) return 'Pending';
  if (!facts.containers.every((status) => isOver(status, facts))) return 'Running';
  const haveAllSucceeded = facts.containers.every(({ state }) => state.terminated?.exitCode === 0);
  return haveAllSucceeded ? 'Succeeded' : 'Failed';
}

/** Whether an init container has failed that is not tried again. */
function hasInitFailed({ pod, initContainers }: PodFacts): boolean {
  const hasFailed = initContainers.some(({ state }) => (state.terminated?.exitCode ?? 0) !== 0);
  return pod.spec.restartPolicy === 'Never' && hasFailed;
}

/** Whether a container will not run again. */
function isOver({ state }: ContainerStatus, { pod, isEnding }: PodFacts): boolean {
  if (state.terminated === undefined) return isEnding && state.running === undefined;
  return isEnding || !restartsAfter(pod, state.terminated.exitCode);
}

/** Whether the pod's policy restarts a container that ended with this code. */
export function restartsAfter({ spec }: Pod, exitCode: number): boolean {
  const policy = spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function conditionsOf(facts: PodFacts): readonly PodCondition[] {
  const unready = unreadyOf([...sidecarsOf(facts), ...facts.containers]);
  return [
    condition('PodReadyToStartContainers', facts.isEnding ? { reason: '' } : undefined),
    condition('Initialized', uninitializedOf(facts)),
    condition('Ready', unready),
    condition('ContainersReady', unready),
    condition('PodScheduled', undefined),
  ];
}

/** Restartable init containers count for readiness, too. */
function sidecarsOf({ pod, initContainers }: PodFacts): readonly ContainerStatus[] {
  return initContainers.filter((_status, index) => isSidecar(pod, index));
}

function isSidecar({ spec }: Pod, index: number): boolean {
  return spec.initContainers?.[index]?.restartPolicy === 'Always';
}

type Lack = { readonly reason: string; readonly message?: string };

function condition(type: string, lack: Lack | undefined): PodCondition {
  if (lack === undefined) return { type, status: 'True' };
  const { reason, ...rest } = lack;
  return { type, status: 'False', ...(reason === '' ? {} : { reason }), ...rest };
}

function unreadyOf(containers: readonly ContainerStatus[]): Lack | undefined {
  const names = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'ContainersNotReady', message: `containers with unready status: [${names.join(' ')}]` };
}

function uninitializedOf(facts: PodFacts): Lack | undefined {
  if (isInitialized(facts)) return undefined;
  const names = facts.initContainers
    .filter(({ state }) => state.terminated?.exitCode !== 0)
    .map(({ name }) => name);
  return {
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${names.join(' ')}]`,
  };
}

function withTransition(
  condition: PodCondition,
  previous: readonly PodCondition[],
  now: string,
): PodCondition {
  const before = previous.find(({ type }) => type === condition.type);
  const isUnchanged = before?.status === condition.status;
  return { ...condition, lastTransitionTime: (isUnchanged && before.lastTransitionTime) || now };
}
