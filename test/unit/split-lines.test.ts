import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerTooLargeError } from '../../shared/adapters/rest/http-exchange.ts';
import { splitLines } from '../../shared/adapters/rest/split-lines.ts';

async function linesOf(pieces: Iterable<Buffer> | AsyncIterable<Buffer>, maxLineBytes = 1_000_000) {
  const lines: string[] = [];
  for await (const line of splitLines(pieces, maxLineBytes)) lines.push(line);
  return lines;
}

test('splitLines puts lines together whatever the pieces, in the middle of a character too', async () => {
  const anyText = fc.array(fc.constantFrom('a', 'ä', '眠', '🐭', '\n', '\r'), { maxLength: 40 });
  const anyCuts = fc.array(fc.nat(120), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(anyText, anyCuts, async (characters, cuts) => {
      const text = characters.join('');
      const bytes = Buffer.from(text);
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
        bytes.length,
      ];
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      expect(await linesOf(pieces)).toEqual(text.split('\n').slice(0, -1));
    }),
  );
});

test('splitLines drops what follows the last newline: it was cut off', async () => {
  expect(await linesOf([Buffer.from('{"whole":1}\n{"ha')])).toEqual(['{"whole":1}']);
});

test('splitLines takes a line of the longest length, in one piece or many, and refuses one byte more', async () => {
  const pieces = (bytes: number) => [...'x'.repeat(bytes), '\n'].map((byte) => Buffer.from(byte));
  expect(await linesOf(pieces(8), 8)).toEqual(['xxxxxxxx']);
  expect(await linesOf([Buffer.concat(pieces(8))], 8)).toEqual(['xxxxxxxx']);
  await expect(linesOf(pieces(9), 8)).rejects.toBeInstanceOf(AnswerTooLargeError);
  await expect(linesOf([Buffer.concat(pieces(9))], 8)).rejects.toThrow('longer than 8 bytes');
});

test('splitLines refuses an endless line before it ends', async () => {
  let sent = 0;
  async function* endless() {
    for (; sent < 1_000; sent++) yield Buffer.alloc(10, 'x');
  }
  await expect(linesOf(endless(), 100)).rejects.toThrow('longer than 100 bytes');
  expect(sent).toBe(10);
});
