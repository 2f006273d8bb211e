import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, ContainerStatus, Pod, Terminated } from '../kubernetes-objects.ts';
import type { ContainerBehaviour, StartFailure } from './behaviour.ts';
import type { PodEvent } from './pod-events.ts';
import { restartsAfter } from './pod-status.ts';
import { type FailureStage, failureStages } from './start-failures.ts';

/** One container and what its story needs. Every wait ends, by rejecting, when `signal` is aborted. */
export type ContainerRun = {
  readonly pod: Pod;
  readonly container: Container;
  /** A `sidecar` is a restartable init container. */
  readonly role: 'init' | 'sidecar' | 'main';
  /** Asked again at each attempt. */
  readonly behaviour: () => ContainerBehaviour;
  /** Changes what the kubelet reports of this container. */
  readonly report: (change: Partial<ContainerStatus>) => void;
  readonly tell: (event: PodEvent) => void;
  /** The container's port; only one container of a pod has it. */
  readonly port?: { readonly open: () => void; readonly crash: () => void };
  readonly backOffMs: number;
  readonly timestamp: () => string;
  readonly signal: AbortSignal;
};

const MAX_BACK_OFF_MS = 300_000;
/** The longest that a timer can wait. */
const FOREVER_MS = 2 ** 31 - 1;
const PULL_FAILURES: readonly string[] = ['image-pull', 'image-never-pull', 'invalid-image-name'];
const CREATE_FAILURES: readonly string[] = ['config-error', 'create-error'];

/**
 * Runs one container: pulls its image, starts it, restarts it when it ends. Resolves only when it has ended for
 * good (an init container that passed, or a pod that is not restarted).
 */
export async function runContainer(run: ContainerRun): Promise<Terminated> {
  await pullImage(run);
  await waitOutFailures(run, CREATE_FAILURES);
  for (let restarts = 0; ; restarts += 1) {
    await sleep(run.behaviour().startMs ?? 0, undefined, { signal: run.signal });
    const ended = await live(run, restarts);
    run.report({ state: { terminated: ended }, ready: false, started: false });
    if (!isRestarted(run, ended.exitCode)) return ended;
    await backOff(run, restarts, ended);
  }
}

async function pullImage(run: ContainerRun): Promise<void> {
  const { image, name } = run.container;
  await waitOutFailures(run, PULL_FAILURES);
  run.tell({ reason: 'Pulling', message: `Pulling image "${image}"`, container: name });
  await sleep(run.behaviour().pullMs ?? 0, undefined, { signal: run.signal });
  run.tell({ reason: 'Pulled', message: `Successfully pulled image "${image}"`, container: name });
}

/** Shows the stages of a failure again and again, with growing pauses, while the behaviour names one of these. */
async function waitOutFailures(run: ContainerRun, failures: readonly string[]): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const { failure, pullMs = 0 } = run.behaviour();
    if (failure === undefined || !failures.includes(failure)) return;
    if (failure === 'image-pull') await tryToPull(run, pullMs);
    const stages = failureStages(failure as StartFailure, run.container.image);
    for (const stage of stages) await show(run, stage, pauseMs(run, attempt) / stages.length);
  }
}

async function tryToPull({ tell, container, signal }: ContainerRun, pullMs: number): Promise<void> {
  tell({ reason: 'Pulling', message: `Pulling image "${container.image}"`, container: container.name });
  await sleep(pullMs, undefined, { signal });
}

async function show(run: ContainerRun, stage: FailureStage, ms: number): Promise<void> {
  const { reason, message, events } = stage;
  run.report({ state: { waiting: { reason, message } } });
  for (const event of events) run.tell({ type: 'Warning', ...event, container: run.container.name });
  await sleep(ms, undefined, { signal: run.signal });
}

/** The life of one process, from running to its end. */
async function live(run: ContainerRun, restarts: number): Promise<Terminated> {
  const behaviour = run.behaviour();
  const { container, role, timestamp, signal } = run;
  const startedAt = timestamp();
  const ended = new AbortController();
  const isReadyAtOnce = role !== 'init' && container.readinessProbe === undefined;
  run.tell({ reason: 'Created', message: `Created container: ${container.name}`, container: container.name });
  run.tell({ reason: 'Started', message: `Started container ${container.name}`, container: container.name });
  run.report({ ...started(run, startedAt), restartCount: restarts, ready: isReadyAtOnce });
  const end = endOf(run, behaviour, restarts);
  // What ends at once gets neither as far as its port nor past a probe.
  if (end.afterMs > 0) comeUp(run, behaviour, AbortSignal.any([signal, ended.signal]));
  await sleep(end.afterMs, undefined, { signal });
  ended.abort();
  run.port?.crash();
  const reason = end.exitCode === 0 ? 'Completed' : 'Error';
  return { exitCode: end.exitCode, reason, startedAt, finishedAt: timestamp() };
}

function started({ container }: ContainerRun, startedAt: string): Partial<ContainerStatus> {
  const digest = createHash('sha256').update(container.image).digest('hex');
  const repository = container.image.replace(/:[^:/]*$/, '');
  return { state: { running: { startedAt } }, started: true, imageID: `${repository}@sha256:${digest}` };
}

/** Opens the port, and lets the readiness probe pass once it is open. */
function comeUp(run: ContainerRun, behaviour: ContainerBehaviour, signal: AbortSignal): void {
  const { readyMs = 0, listensAfterMs = 0, failure } = behaviour;
  after(listensAfterMs, signal, () => run.port?.open());
  if (run.role === 'init' || run.container.readinessProbe === undefined) return;
  if (failure === 'never-ready') tellUnhealthy(run);
  else after(Math.max(readyMs, listensAfterMs), signal, () => run.report({ ready: true }));
}

function tellUnhealthy({ tell, container }: ContainerRun): void {
  const message = 'Readiness probe failed: HTTP probe failed with statuscode: 503';
  tell({ type: 'Warning', reason: 'Unhealthy', message, container: container.name });
}

function endOf({ role }: ContainerRun, behaviour: ContainerBehaviour, restarts: number) {
  const { failure, crashTimes = Number.POSITIVE_INFINITY, exitCode = 1, readyMs = 0 } = behaviour;
  const crashAfterMs = behaviour.crashAfterMs ?? (failure === 'crash-loop' ? 0 : undefined);
  if (crashAfterMs !== undefined && restarts < crashTimes) return { afterMs: crashAfterMs, exitCode };
  return { afterMs: role === 'init' ? readyMs : FOREVER_MS, exitCode: 0 };
}

function isRestarted({ pod, role }: ContainerRun, exitCode: number): boolean {
  if (role === 'init') return exitCode !== 0 && pod.spec.restartPolicy !== 'Never';
  return role === 'sidecar' || restartsAfter(pod, exitCode);
}

/**
 * Waits before the next start. The first restart comes at once, the second after one back-off, then twice as long.
 * Source: kubernetes 1.37, pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff
 */
async function backOff(run: ContainerRun, restarts: number, ended: Terminated): Promise<void> {
  const lastState = { terminated: ended };
  if (restarts === 0) return run.report({ lastState });
  const { container, pod } = run;
  const ms = pauseMs(run, restarts - 1);
  const who = `${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
  const message = `back-off ${formatSeconds(ms)} restarting failed container=${who}`;
  run.report({ state: { waiting: { reason: 'CrashLoopBackOff', message } }, lastState });
  run.tell({
    type: 'Warning',
    reason: 'BackOff',
    message: `Back-off restarting failed container ${who.replace(' pod=', ' in pod ')}`,
    container: container.name,
  });
  await sleep(ms, undefined, { signal: run.signal });
}

function pauseMs({ backOffMs }: ContainerRun, attempt: number): number {
  return Math.min(backOffMs * 2 ** attempt, MAX_BACK_OFF_MS);
}

/** As Go prints a duration: `10s`, `2m40s`, `500ms`. */
function formatSeconds(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  const seconds = ms / 1_000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function after(ms: number, signal: AbortSignal, action: () => void): void {
  sleep(ms, undefined, { signal }).then(action, () => {});
}
