import type { Response } from '@google-cloud/functions-framework';

/** One client that is told something by server-sent events. */
export type EventStream = {
  /** `data` is one line. The same as before is not sent again. */
  readonly send: (event: string, data: string) => void;
  /** Keeps proxies from taking the silence for the end. */
  readonly comment: () => void;
  readonly end: () => void;
  /** Aborted when the stream has ended or the client has gone. */
  readonly ended: AbortSignal;
};

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};
const RETRY_MS = 1_000;

/**
 * Opens a stream of server-sent events. Of what a client does not read only the newest is kept: one that never reads
 * costs no more memory than its socket's buffer.
 */
export function createEventStream(response: Response): EventStream {
  const ended = new AbortController();
  const pending: { message?: string } = {};
  let latest: string | undefined;
  const flush = () => {
    if (pending.message !== undefined) response.write(pending.message);
    delete pending.message;
  };
  response.on('drain', flush).once('close', () => ended.abort());
  if (response.destroyed) ended.abort();
  else response.status(200).set(HEADERS).write(`retry: ${RETRY_MS}\n\n`);
  return {
    send: (event, data) => {
      const message = `event: ${event}\ndata: ${data}\n\n`;
      if (ended.signal.aborted || message === latest) return;
      latest = message;
      pending.message = message;
      if (!response.writableNeedDrain) flush();
    },
    comment: () => {
      if (!ended.signal.aborted && !response.writableNeedDrain) response.write(':\n\n');
    },
    end: () => {
      if (ended.signal.aborted) return;
      ended.abort();
      finish(response, pending.message);
    },
    ended: ended.signal,
  };
}

/** A client that has not read what it was sent will not read an end either. */
function finish(response: Response, message: string | undefined): void {
  if (message === undefined && !response.writableNeedDrain) response.end();
  else response.destroy();
}
