import type { HttpAnswer } from '../rest/http-exchange.ts';
import type { RestRequest, RestTransport } from '../rest/rest-transport.ts';
import { failureError, type KubernetesCall } from './kubernetes-error.ts';

export type KubernetesTarget = {
  readonly transport: RestTransport;
  readonly namespace: string;
  /** Objects per page of a list. Default 500. */
  readonly pageSize?: number;
};

/** Sends a request and gives back the answer, whatever its status. @throws ClusterError when no answer came */
export async function send(
  { transport }: KubernetesTarget,
  call: KubernetesCall,
  request: RestRequest,
): Promise<HttpAnswer> {
  try {
    return await transport.send(request);
  } catch (error) {
    throw failureError(call, error);
  }
}

/** Makes something of an answer's JSON. @throws ClusterError when it is none, or not what `read` expects */
export function readJson<Json, Value>(
  call: KubernetesCall,
  { body }: HttpAnswer,
  read: (json: Json) => Value,
): Value {
  try {
    return read(JSON.parse(body) as Json);
  } catch (error) {
    throw failureError(call, error);
  }
}
