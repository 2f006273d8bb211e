import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

const PIECES_PER_SECOND = 10;

/** Passes on what it reads at most so fast, until either side ends. */
export function sendSlowly(source: Readable, sink: Writable, bytesPerSecond: number): void {
  const slowed = async function* (chunks: AsyncIterable<Buffer>) {
    const pieceBytes = Math.ceil(bytesPerSecond / PIECES_PER_SECOND);
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += pieceBytes) {
        const piece = chunk.subarray(start, start + pieceBytes);
        await delay((piece.length / bytesPerSecond) * 1_000);
        yield piece;
      }
    }
  };
  pipeline(source, slowed, sink).catch(() => sink.destroy());
}
