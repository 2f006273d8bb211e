import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesApi, KubernetesApiError } from '../kubernetes-api.ts';
import type { Pod, PodStatus } from '../kubernetes-objects.ts';

/** A node's way to the API, and the end of that node. */
export type Link = { readonly api: KubernetesApi; readonly stopped: AbortSignal };

const RETRY_MS = 200;
const CONFLICT = 409;
const NOT_FOUND = 404;
const TOO_MANY_REQUESTS = 429;

/**
 * Reports a pod's status: one call at a time, of what is newest by then. Tries for ever while the API is away, and
 * gives up on a pod that is gone or whose name another one has taken. Resolves when nothing is left to report.
 */
export function createStatusReporter(
  { api, stopped }: Link,
  pod: Pod,
): (status: Partial<PodStatus>) => Promise<void> {
  const path = `${podPath(pod)}/status`;
  let newest: Partial<PodStatus> | undefined;
  let running: Promise<void> | undefined;
  const sendAll = async () => {
    while (newest !== undefined) {
      const status = newest;
      newest = undefined;
      const { uid } = pod.metadata;
      await insist(stopped, () => api.patch(path, { metadata: { uid }, status }));
    }
    running = undefined;
  };
  return (status) => {
    newest = status;
    running ??= sendAll();
    return running;
  };
}

/** Deletes a pod for good, as a kubelet confirms that its processes have ended. */
export async function confirmDeletion({ api, stopped }: Link, pod: Pod): Promise<void> {
  const { uid } = pod.metadata;
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
  await insist(stopped, () => api.delete(podPath(pod), options));
}

export function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

/** Repeats a call until it is done, until it turns out that the object is gone, or until the node has stopped. */
export async function insist(stopped: AbortSignal, call: () => Promise<unknown>): Promise<void> {
  while (!stopped.aborted) {
    const outcome = await call().then(() => 'done' as const, judgeFailure);
    if (outcome === 'done') return;
    await sleep(RETRY_MS);
  }
}

function judgeFailure(error: unknown): 'done' | 'again' {
  if (!(error instanceof KubernetesApiError)) throw error;
  const { status } = error;
  if (status === NOT_FOUND || status === CONFLICT) return 'done';
  if (status === 0 || status === TOO_MANY_REQUESTS || status >= 500) return 'again';
  throw error;
}
