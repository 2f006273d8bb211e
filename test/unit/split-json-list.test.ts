import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerTooLargeError } from '../../shared/adapters/rest/http-exchange.ts';
import { splitJsonList } from '../../shared/adapters/rest/split-json-list.ts';

async function objectsOf(pieces: Iterable<Buffer>, maxObjectBytes = 1_000_000): Promise<unknown[]> {
  const objects: unknown[] = [];
  for await (const some of splitJsonList(pieces, maxObjectBytes)) objects.push(...some);
  return objects;
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [
    0,
    ...cuts.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

test('splitJsonList reads what JSON.parse reads, however the pieces are cut and the text is laid out', async () => {
  const anyText = fc.string({ unit: fc.constantFrom('a', '"', '\\', '{', '}', '[', ']', ',', '眠', '🐭') });
  const anyList = fc.array(fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue({ maxDepth: 2 }))));
  const anyCuts = fc.array(fc.nat(400), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(anyList, anyCuts, fc.constantFrom(0, 2), async (list, cuts, indent) => {
      const bytes = Buffer.from(JSON.stringify(list, undefined, indent));
      expect(await objectsOf(cut(bytes, cuts))).toEqual(JSON.parse(bytes.toString()));
    }),
  );
});

test('splitJsonList reads a list by single bytes', async () => {
  const bytes = Buffer.from('[{"a":"}\\"{"}\n,\r\n{"b":[{"c":1}]}]');
  expect(await objectsOf(cut(bytes, [...bytes.keys()]))).toEqual([{ a: '}"{' }, { b: [{ c: 1 }] }]);
});

test.each(['', '[', '[{"a":1}', '[{"a":1},', '[{"a":', '[{"a":"]'])(
  'splitJsonList rejects %j, which was cut off',
  async (text) => {
    await expect(objectsOf([Buffer.from(text)])).rejects.toThrow('was cut off');
  },
);

test('splitJsonList hands over what is whole before it tells that the rest is missing', async () => {
  const seen: unknown[] = [];
  const read = async () => {
    for await (const objects of splitJsonList([Buffer.from('[{"a":1},{"b"')], 100)) seen.push(...objects);
  };
  await expect(read()).rejects.toThrow('was cut off');
  expect(seen).toEqual([{ a: 1 }]);
});

test('splitJsonList rejects an object that is longer than it is ready to hold', async () => {
  const piece = Buffer.from(`[{"a":"${'x'.repeat(100)}`);
  await expect(objectsOf([piece], 50)).rejects.toThrow(AnswerTooLargeError);
});

test('splitJsonList rejects a text that is no JSON', async () => {
  await expect(objectsOf([Buffer.from('[{nonsense}]')])).rejects.toThrow(SyntaxError);
});
