import { reasonOf } from '../../core/message-of.ts';
import { StoreError } from '../../ports.ts';
import type { HttpAnswer } from '../rest/http-exchange.ts';
import type { RestRequest, RestTransport } from '../rest/rest-transport.ts';

/** Source: google.rpc.Status, as Google's REST APIs wrap it. */
export type FirestoreError = { readonly code?: number; readonly message?: string; readonly status?: string };

/** @throws StoreError when no answer came */
export async function askFirestore(transport: RestTransport, request: RestRequest): Promise<HttpAnswer> {
  try {
    return await transport.send(request);
  } catch (error) {
    throw new StoreError(`Firestore could not be asked: ${reasonOf(error)}`, { cause: error });
  }
}

/** @throws StoreError when it is not JSON */
export function parseAnswer<Body>(answer: HttpAnswer): Body {
  try {
    return JSON.parse(answer.body) as Body;
  } catch (error) {
    throw new StoreError(`Firestore's answer is not JSON: ${answer.body.slice(0, 100)}`, { cause: error });
  }
}

/** What a refusal says of itself: a query's is a list of one. Empty when it is not Firestore's. */
export function errorOf(answer: HttpAnswer): FirestoreError {
  try {
    const [refusal] = [JSON.parse(answer.body)].flat() as { error?: FirestoreError }[];
    return refusal?.error ?? {};
  } catch {
    return {};
  }
}

/** The error of an answer that nobody hoped for. */
export function unexpected(answer: HttpAnswer): StoreError {
  const { message } = errorOf(answer);
  const said = message ?? answer.body.slice(0, 200);
  return new StoreError(`Firestore answered ${answer.status}: ${said}`, { cause: new Error(said) });
}

/** Encodes each part of a path, and leaves the slashes. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
