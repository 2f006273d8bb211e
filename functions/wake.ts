import type { HttpFunction } from '@google-cloud/functions-framework';
import { sendProblem } from './send-problem.ts';

/** Who answers which path. */
export type WakeRoutes = Readonly<Record<`/${string}`, HttpFunction>>;

/**
 * Creates the function that staging-proxy calls. It has fixed paths and reads a few headers; it never sees the
 * visitor's own path, cookies or body.
 */
export function createWakeFunction(routes: WakeRoutes): HttpFunction {
  const byPath = new Map<string, HttpFunction>(Object.entries(routes));
  return (request, response) => {
    const route = byPath.get(request.path);
    if (route === undefined) return sendProblem(response, 404, `there is nothing at ${request.path}`);
    if (request.method !== 'GET') return sendProblem(response, 405, 'only GET is allowed');
    return route(request, response);
  };
}
