import type { Container, ContainerStatus, Pod, PodStatus } from '../kubernetes-objects.ts';
import { behaviourOf, branchOf } from './behaviour.ts';
import { createEchoApp } from './echo-app.ts';
import type { Node } from './node.ts';
import { createPodEvents } from './pod-events.ts';
import { createPodServer, type PodServer } from './pod-server.ts';
import { podStatus } from './pod-status.ts';
import type { ContainerRun } from './run-container.ts';
import { createStatusReporter } from './status-reporter.ts';

/** One pod on a node: what is known of it, and the ways to tell. Ends when `ending` is aborted. */
export type PodStory = ReturnType<typeof createPodStory>;

type Statuses = Map<string, ContainerStatus>;

export function createPodStory(node: Node, pod: Pod, ip: string) {
  const ending = new AbortController();
  const latest: { status: Partial<PodStatus> } = { status: pod.status ?? {} };
  const send = createStatusReporter(node, pod);
  const statuses: Statuses = new Map();
  const startTime = node.timestamp();
  const report = (status: Partial<PodStatus>) => {
    latest.status = status;
    return send(status);
  };
  const reportAll = (isEnding = false) => {
    const facts = { pod, ip, hostIp: node.ip, startTime, isEnding, ...groupStatuses(pod, statuses) };
    return report(podStatus(facts, latest.status.conditions ?? [], node.timestamp()));
  };
  const tell = createPodEvents({ ...node, node: node.name }, pod);
  return { node, pod, ending, latest, statuses, report, reportAll, tell, server: createServer(node, pod) };
}

function createServer(node: Node, pod: Pod): PodServer {
  const branch = branchOf(pod);
  const hits = () => node.requests.of(branch);
  const app = node.behaviour(pod).app?.(pod) ?? createEchoApp({ pod: pod.metadata.name, hits });
  return createPodServer({
    listener: (request, response) => {
      node.requests.add(branch);
      app(request, response);
    },
    onUpgrade: () => node.requests.add(branch),
    onChange: node.onPortChange,
  });
}

function groupStatuses({ spec }: Pod, statuses: Statuses) {
  const of = (containers: readonly Container[]) => containers.flatMap(({ name }) => statuses.get(name) ?? []);
  return { initContainers: of(spec.initContainers ?? []), containers: of(spec.containers) };
}

/** Changes what is reported of one container. */
export function changeStatus(story: PodStory, name: string, change: Partial<ContainerStatus>): void {
  const status = story.statuses.get(name);
  if (status === undefined) return;
  story.statuses.set(name, { ...status, ...change });
  void story.reportAll();
}

/** What a container needs to run in this story. */
export function containerRun(
  story: PodStory,
  container: Container,
  role: ContainerRun['role'],
): ContainerRun {
  const { node, pod, server, ending, tell } = story;
  const isServing = role === 'main' && servingContainer(pod) === container;
  return {
    pod,
    container,
    role,
    tell,
    behaviour: () => behaviourOf(node.behaviour(pod), container.name),
    report: (change) => changeStatus(story, container.name, change),
    ...(isServing ? { port: server } : {}),
    backOffMs: node.backOffMs,
    timestamp: node.timestamp,
    signal: ending.signal,
  };
}

/** The container that has the pod's port: the first that declares one. */
function servingContainer({ spec }: Pod): Container | undefined {
  return spec.containers.find(({ ports = [] }) => ports.length > 0) ?? spec.containers[0];
}
