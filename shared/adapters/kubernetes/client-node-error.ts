import { ApiException } from '@kubernetes/client-node';
import { answerError, failureError, isNotFound, type KubernetesCall } from './kubernetes-error.ts';

/**
 * Calls client-node's generated API.
 *
 * @throws ClusterError when Kubernetes refuses, or no answer came
 */
export async function ask<Value>(call: KubernetesCall, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiException) throw answerError(call, error.code, bodyOf(error));
    throw failureError(call, error);
  }
}

/** The same for one object: undefined where Kubernetes says that it does not exist. */
export function askForOne<Value>(
  call: KubernetesCall,
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  return ask(call, async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApiException && isNotFound(error.code, bodyOf(error))) return undefined;
      throw error;
    }
  });
}

/** An error's body is text, and for some statuses there is none. */
function bodyOf({ body }: ApiException<unknown>): string | undefined {
  return typeof body === 'string' ? body : JSON.stringify(body);
}
