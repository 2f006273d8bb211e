import type { Response } from '@google-cloud/functions-framework';

/** Says what nginx does with the request that it holds. Once answered, or with nobody there, it does nothing. */
export function steer(response: Response, to: 'awake' | 'again' | 'page'): void {
  if (response.writableEnded || response.destroyed) return;
  response
    .status(200)
    .set({ 'X-Accel-Redirect': `@${to}`, 'Content-Length': '0' })
    .end();
}
