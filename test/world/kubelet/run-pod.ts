import type { Container, ContainerStatus, Pod, PodStatus } from '../kubernetes-objects.ts';
import type { Node } from './node.ts';
import type { PodServer } from './pod-server.ts';
import { changeStatus, containerRun, createPodStory, type PodStory } from './pod-story.ts';
import { type ContainerRun, runContainer } from './run-container.ts';
import { schedulePod } from './schedule-pod.ts';
import { terminatePod } from './terminate-pod.ts';

export type PodRun = {
  readonly ip: string;
  readonly server: PodServer;
  readonly status: () => Partial<PodStatus>;
  /** Stops the pod as its deletion asks, and confirms it. Safe to repeat. */
  readonly terminate: (pod: Pod) => void;
  /** Ends everything at once; reports nothing. */
  readonly vanish: () => void;
};

/** Runs one pod from its binding to its deletion. */
export function runPod(node: Node, pod: Pod, ip: string): PodRun {
  const story = createPodStory(node, pod, ip);
  const { ending, server } = story;
  let isTerminating = false;
  if (pod.metadata.deletionTimestamp === undefined) void untilAborted(live(story));
  return {
    ip,
    server,
    status: () => story.latest.status,
    terminate: (deleted) => {
      if (isTerminating) return;
      isTerminating = true;
      void untilAborted(terminatePod(story, deleted));
    },
    vanish: () => {
      ending.abort();
      server.crash();
    },
  };
}

async function live(story: PodStory): Promise<void> {
  const { node, pod, ending, statuses } = story;
  const { spec } = pod;
  const behaviour = () => node.behaviour(pod);
  const scheduling = { ...node, ...story, node: node.name, behaviour };
  await schedulePod({ ...scheduling, retryMs: node.backOffMs, signal: ending.signal });
  const hasInit = (spec.initContainers ?? []).length > 0;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    statuses.set(container.name, unstarted(container, hasInit ? 'PodInitializing' : 'ContainerCreating'));
  }
  await story.reportAll();
  for (const container of spec.initContainers ?? []) {
    if (!(await initialize(story, container))) return;
  }
  await Promise.all(spec.containers.map((container) => runContainer(containerRun(story, container, 'main'))));
}

function unstarted({ name, image }: Container, reason: string): ContainerStatus {
  const state = { waiting: { reason } };
  return { name, image, imageID: '', ready: false, started: false, restartCount: 0, state, lastState: {} };
}

/** Whether an init container has passed, or a restartable one has started. */
async function initialize(story: PodStory, container: Container): Promise<boolean> {
  if (container.restartPolicy === 'Always') return startSidecar(story, container);
  const { exitCode } = await runContainer(containerRun(story, container, 'init'));
  if (exitCode === 0) changeStatus(story, container.name, { ready: true });
  return exitCode === 0;
}

function startSidecar(story: PodStory, container: Container): Promise<true> {
  return new Promise((resolve) => {
    const run = containerRun(story, container, 'sidecar');
    const report: ContainerRun['report'] = (change) => {
      run.report(change);
      if (change.started) resolve(true);
    };
    void untilAborted(runContainer({ ...run, report }));
  });
}

/** A story that was told to end has ended well. */
async function untilAborted(story: Promise<unknown>): Promise<void> {
  try {
    await story;
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  }
}
