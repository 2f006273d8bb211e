import { AnswerTooLargeError } from './http-exchange.ts';

const NEWLINE = 0x0a;

/**
 * Puts lines together from pieces that may end anywhere, in the middle of a character too. What follows the last
 * newline is dropped: it was cut off.
 *
 * @throws AnswerTooLargeError when a line has more than `maxLineBytes`
 */
export async function* splitLines(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  maxLineBytes: number,
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      insist(bytes + end - start, maxLineBytes);
      yield Buffer.concat([...begun, piece.subarray(start, end)]).toString('utf8');
      begun = [];
      bytes = 0;
      start = end + 1;
    }
    begun.push(piece.subarray(start));
    bytes += piece.length - start;
    insist(bytes, maxLineBytes);
  }
}

function insist(bytes: number, maxLineBytes: number): void {
  if (bytes > maxLineBytes) {
    throw new AnswerTooLargeError(`a line of the answer is longer than ${maxLineBytes} bytes`);
  }
}
