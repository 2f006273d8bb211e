import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/**
 * Takes from every request of this process what no function of ours reads, before the server sees it: the body, and
 * escapes that cannot be decoded. functions-framework would read up to 1 GiB of body into memory and parse it, and
 * Express print a stack trace for each body or path that it cannot read: lines that nobody bounds.
 *
 * Source: functions-framework 5.0, build/src/server.js; Node.js, the channel `http.server.request.start`.
 */
export function bluntRequests(): void {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    // Without these there is nothing to be parsed. Node throws away what arrives all the same.
    delete request.headers['content-length'];
    delete request.headers['transfer-encoding'];
    if (!isDecodable(request.url ?? '')) request.url = encodeURI((request.url ?? '').toWellFormed());
  });
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
