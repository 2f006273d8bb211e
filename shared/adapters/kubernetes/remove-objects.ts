import type { Condemned } from '../../ports.ts';
import { answerError, isNotFound, type KubernetesCall } from './kubernetes-error.ts';
import { isDnsLabel, workloadPath } from './kubernetes-names.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';

type Removal = 'removed' | 'conflict' | 'gone';
type Preconditions = { readonly uid: string; readonly resourceVersion: string };
type ServiceObject = { readonly metadata: Partial<Preconditions> };

/**
 * Deletes one workload, and its pods with it, on condition that it is the very object and has not moved.
 * @throws ClusterError
 */
export function removeWorkload(target: KubernetesTarget, condemned: Condemned): Promise<Removal> {
  const { kind, name, uid, resourceVersion } = condemned;
  const { namespace } = target;
  const call = { verb: 'delete', resource: `${kind}s`, namespace, name } as const;
  const path = workloadPath(namespace, kind, name);
  return remove(target, call, { path, preconditions: { uid, resourceVersion } });
}

/**
 * Deletes the Service of a branch, on condition that it does not change between the reading and the deletion.
 * @throws ClusterError
 */
export async function removeService(target: KubernetesTarget, name: string): Promise<Removal> {
  if (!isDnsLabel(name)) return 'gone';
  const { namespace } = target;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${name}`;
  const reading = { verb: 'get', resource: 'services', namespace, name } as const;
  const answer = await send(target, reading, { method: 'GET', path });
  if (isNotFound(answer.status, answer.body)) return 'gone';
  if (answer.status !== 200) throw answerError(reading, answer.status, answer.body);
  const preconditions = readJson(reading, answer, preconditionsOf);
  return remove(target, { ...reading, verb: 'delete' }, { path, preconditions });
}

/** @throws Error when one is missing: without it, whatever is there would be deleted */
function preconditionsOf({ metadata }: ServiceObject): Preconditions {
  const { uid, resourceVersion } = metadata;
  if (!uid || !resourceVersion) throw new Error('its uid or resourceVersion is missing');
  return { uid, resourceVersion };
}

type Removed = { readonly path: string; readonly preconditions: Preconditions };

async function remove(
  target: KubernetesTarget,
  call: KubernetesCall,
  { path, preconditions }: Removed,
): Promise<Removal> {
  const body = JSON.stringify({ propagationPolicy: 'Background', preconditions });
  const answer = await send(target, call, { method: 'DELETE', path, body });
  if (isNotFound(answer.status, answer.body)) return 'gone';
  if (answer.status === 409) return 'conflict';
  if (answer.status !== 200 && answer.status !== 202) throw answerError(call, answer.status, answer.body);
  return 'removed';
}
