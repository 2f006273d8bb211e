import type { Response } from '@google-cloud/functions-framework';

/** Answers with `application/problem+json` (RFC 9457): what was wrong, in a sentence. */
export function sendProblem(response: Response, status: number, detail: string): void {
  response.status(status).type('application/problem+json').send(JSON.stringify({ status, detail }));
}
