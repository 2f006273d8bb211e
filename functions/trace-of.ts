import type { Request } from '@google-cloud/functions-framework';

/** The trace that a request belongs to, as Google's front end names it. */
export function traceOf(request: Request): string | undefined {
  return request.header('X-Cloud-Trace-Context');
}
