import { reasonOf } from '../../core/message-of.ts';
import { ClusterError } from '../../ports.ts';

/** What was asked of Kubernetes, in its own words: verb, resource and name as RBAC knows them. */
export type KubernetesCall = {
  readonly verb: 'get' | 'list' | 'patch' | 'watch' | 'create' | 'delete';
  /** `deployments/scale` */
  readonly resource: string;
  readonly namespace: string;
  readonly name?: string | undefined;
};

/** Enough of a foreign text to know what it is. */
const MAX_MESSAGE_CHARACTERS = 500;

/** Tells an answer that a call did not hope for: verb, resource, status, and Kubernetes' own message. */
export function answerError(call: KubernetesCall, status: number, body: string | undefined): ClusterError {
  const { verb, resource, namespace } = call;
  const message = statusMessage(body);
  const cause = new Error(`${status} ${message}`);
  if (status === 403) {
    return new ClusterError(`may not ${verb} ${resource} in namespace ${namespace}: ${message}`, { cause });
  }
  return new ClusterError(`could not ${describe(call)}: ${status} ${message}`, { cause });
}

/** Tells that no answer came, or none that can be read. */
export function failureError(call: KubernetesCall, cause: unknown): ClusterError {
  if (cause instanceof ClusterError) return cause;
  return new ClusterError(`could not ${describe(call)}: ${reasonOf(cause)}`, { cause });
}

/**
 * Whether Kubernetes itself says that an object does not exist. A 404 of anybody else (a wrong address, a front
 * end) is a failure: to take it for "no such branch" would turn visitors away.
 */
export function isNotFound(status: number, body: string | undefined): boolean {
  return status === 404 && parseStatus(body)?.reason === 'NotFound';
}

function describe({ verb, resource, namespace, name }: KubernetesCall): string {
  return `${verb} ${resource}${name === undefined ? '' : ` ${name}`} in namespace ${namespace}`;
}

function statusMessage(body: string | undefined): string {
  const message = parseStatus(body)?.message ?? body ?? '';
  return message.slice(0, MAX_MESSAGE_CHARACTERS).trim() || 'without a message';
}

function parseStatus(body: string | undefined): { reason?: string; message?: string } | undefined {
  try {
    const parsed = JSON.parse(body ?? '');
    return parsed?.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
