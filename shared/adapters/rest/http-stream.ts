import type { IncomingMessage } from 'node:http';
import {
  type ExchangeLimits,
  type HttpAnswer,
  type HttpRequest,
  headOf,
  openAnswer,
} from './http-exchange.ts';
import { splitLines } from './split-lines.ts';

/** An answer that goes on: a 200 is read as it is sent, by lines or by pieces. Any other has a body and neither. */
export type HttpStream = HttpAnswer & {
  /**
   * Ends without a word when the server ends it, the connection breaks, it is silent for too long, or it is aborted.
   * To stop reading closes the connection. @throws AnswerTooLargeError when a line is too long
   */
  readonly lines: AsyncIterable<string>;
  /** As they come. To stop reading closes the connection. @throws Error when it ends before the answer does */
  readonly pieces: AsyncIterable<Buffer>;
};

export type StreamLimits = ExchangeLimits & {
  /** Closes the connection at once. */
  readonly signal: AbortSignal;
  /** The longest pause between two pieces, after which the connection is taken for dead. */
  readonly maxSilenceMs: number;
};

/** Far above an EndpointSlice of 1,000 endpoints, the largest there is. */
const MAX_LINE_BYTES = 4 * 1_024 * 1_024;

/**
 * Sends one request and waits, `timeoutMs` at most, for the answer to begin.
 *
 * @throws Error when no answer begins in time, or the request is aborted
 */
export async function openStream(request: HttpRequest, limits: StreamLimits): Promise<HttpStream> {
  const { response, readWhole } = await openAnswer(request, limits, limits.signal);
  if (response.statusCode !== 200) {
    return { ...(await readWhole()), lines: splitLines([], 0), pieces: noPieces() };
  }
  response.setTimeout(limits.maxSilenceMs, () => response.destroy());
  const lines = splitLines(untilItEnds(response), MAX_LINE_BYTES);
  return { ...headOf(response), body: '', lines, pieces: response };
}

async function* noPieces(): AsyncGenerator<Buffer> {}

async function* untilItEnds(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk;
  } catch {
    // A stream may break off at any time, and what was told until then is true.
  }
}
