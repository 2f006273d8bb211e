import { AnswerTooLargeError } from './http-exchange.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);
/** Of an object in the list: the list itself is the first level. */
const OBJECT_DEPTH = 2;

/** How far into the text the scan is. Every mark of JSON is one byte, and no byte of a longer character is one. */
type Scan = { depth: number; isInText: boolean; isEscaped: boolean; hasEnded: boolean };

/** Where an object begins or ends in a piece. */
type Edge = 'begins' | 'ends' | undefined;

/**
 * Reads the objects of a JSON list from pieces that may end anywhere: those that each piece completes. Of the list only
 * what has not been handed over is held.
 *
 * @throws AnswerTooLargeError when an object has more than `maxObjectBytes`
 * @throws Error when it is no list of objects, or the list does not end
 */
export async function* splitJsonList(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  maxObjectBytes: number,
): AsyncGenerator<readonly unknown[]> {
  const scan: Scan = { depth: 0, isInText: false, isEscaped: false, hasEnded: false };
  let begun: Buffer[] = [];
  for await (const piece of pieces) {
    const { objects, rest } = takeObjects(scan, begun, piece);
    begun = rest;
    const bytes = begun.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxObjectBytes) {
      throw new AnswerTooLargeError(`an object of the answer is longer than ${maxObjectBytes} bytes`);
    }
    if (objects.length > 0) yield objects;
  }
  if (!scan.hasEnded) throw new Error('the answer is no JSON list, or was cut off');
}

/** The objects that this piece completes, and what there is of the one that it leaves open. */
function takeObjects(scan: Scan, begun: Buffer[], piece: Buffer) {
  const objects: unknown[] = [];
  let head = begun;
  let start = begun.length > 0 ? 0 : -1;
  for (let index = 0; index < piece.length; index++) {
    const edge = step(scan, piece[index] as number);
    if (edge === undefined) continue;
    if (edge === 'begins') {
      start = index;
      continue;
    }
    objects.push(JSON.parse(Buffer.concat([...head, piece.subarray(start, index + 1)]).toString('utf8')));
    head = [];
    start = -1;
  }
  return { objects, rest: start === -1 ? [] : [...head, piece.subarray(start)] };
}

function step(scan: Scan, byte: number): Edge {
  if (scan.isInText) {
    stepInText(scan, byte);
    return undefined;
  }
  if (byte === QUOTE) scan.isInText = true;
  else if (OPENING.has(byte)) return open(scan);
  else if (CLOSING.has(byte)) return close(scan);
  return undefined;
}

function stepInText(scan: Scan, byte: number): void {
  if (scan.isEscaped) scan.isEscaped = false;
  else if (byte === BACKSLASH) scan.isEscaped = true;
  else if (byte === QUOTE) scan.isInText = false;
}

function open(scan: Scan): Edge {
  scan.depth += 1;
  return scan.depth === OBJECT_DEPTH ? 'begins' : undefined;
}

function close(scan: Scan): Edge {
  scan.depth -= 1;
  if (scan.depth === 0) scan.hasEnded = true;
  return scan.depth === OBJECT_DEPTH - 1 ? 'ends' : undefined;
}
