import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerStatus, Pod } from '../kubernetes-objects.ts';
import type { PodStory } from './pod-story.ts';
import { confirmDeletion } from './status-reporter.ts';

const EXIT_KILLED = 137;

/**
 * Ends a pod as its deletion asks: preStop hook, then running requests, both within the grace; reports and confirms.
 * Source: kubernetes 1.37, docs "Pod Lifecycle", termination of pods
 */
export async function terminatePod(story: PodStory, pod: Pod): Promise<void> {
  const { node, ending, server, statuses } = story;
  const graceMs = Math.min((pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000, node.maxGraceMs);
  const stopMs = Math.min(preStopMs(pod), graceMs);
  await sleep(stopMs, undefined, { signal: ending.signal });
  ending.abort();
  const hasDrained = await server.drain(graceMs - stopMs);
  const finishedAt = node.timestamp();
  for (const [name, status] of statuses) statuses.set(name, stopped(status, finishedAt, hasDrained));
  if (statuses.size > 0) await story.reportAll(true);
  await confirmDeletion(node, pod);
}

function preStopMs({ spec }: Pod): number {
  const seconds = spec.containers.map(({ lifecycle }) => lifecycle?.preStop?.sleep?.seconds ?? 0);
  return Math.max(0, ...seconds) * 1_000;
}

function stopped(status: ContainerStatus, finishedAt: string, hasDrained: boolean): ContainerStatus {
  const { running } = status.state;
  const idle = { ...status, ready: false, started: false };
  if (running === undefined) return idle;
  const end = hasDrained ? { exitCode: 0, reason: 'Completed' } : { exitCode: EXIT_KILLED, reason: 'Error' };
  return { ...idle, state: { terminated: { ...end, startedAt: running.startedAt, finishedAt } } };
}
