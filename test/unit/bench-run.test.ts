import { describe, expect, test } from 'vitest';
import { describeFigure, tableHead, toMarkdown } from '../bench/describe-figure.ts';
import type { Figure, Measure } from '../bench/measure.ts';
import { MissingPartError } from '../bench/require-part.ts';
import { exitCodeOf, runMeasures, summarizeBench } from '../bench/run-measures.ts';

const aFigure = (changes: Partial<Figure> = {}): Figure => ({
  id: 'P1',
  what: 'ours ÷ theirs',
  ratio: 1.4567,
  goal: 1.6,
  met: true,
  n: 11,
  median: 123.456,
  spread: 8,
  unit: 'ms',
  details: { helloMs: 84.21 },
  ...changes,
});
const giving = (...figures: readonly Figure[]): Measure => ({
  id: figures[0]?.id ?? '',
  what: 'fast',
  measure: async () => figures,
});
const throwing = (id: string, error: Error): Measure => ({
  id,
  what: 'broken',
  measure: () => Promise.reject(error),
});

async function run(measures: readonly Measure[], isJson = false) {
  const printed: string[] = [];
  const told: string[] = [];
  const output = { print: (text: string) => printed.push(text), tell: (text: string) => told.push(text) };
  const result = await runMeasures(measures, { isJson }, output);
  return { printed, told, result };
}

describe('a bench', () => {
  test('prints one line of JSON for each figure and nothing else, with --json', async () => {
    const { printed } = await run([giving(aFigure(), aFigure({ id: 'P1b' }))], true);
    expect(printed.map((line) => JSON.parse(line))).toEqual([aFigure(), aFigure({ id: 'P1b' })]);
  });

  test('prints a table with its head for a person', async () => {
    const { printed } = await run([giving(aFigure())]);
    expect(printed).toEqual([tableHead(), describeFigure(aFigure())]);
  });

  test('says what is left out because a part is missing, and goes on', async () => {
    const missing = new MissingPartError('needs nginx: apt-get install nginx');
    const { told, result } = await run([throwing('P3', missing), giving(aFigure())]);
    expect(told).toContain('left out: P3: needs nginx: apt-get install nginx');
    expect(result).toEqual({ figures: [aFigure()], leftOut: ['P3'], failed: [] });
  });

  test('says what failed, and goes on', async () => {
    const { told, result } = await run([throwing('P5', new Error('it broke')), giving(aFigure())]);
    expect(told.join('\n')).toContain('failed: P5: Error: it broke');
    expect(result).toMatchObject({ figures: [{ id: 'P1' }], failed: ['P5'] });
  });

  test('ends with what was missed, failed and left out', () => {
    const figures = [aFigure(), aFigure({ id: 'P2', met: false })];
    const result = { figures, failed: ['P5'], leftOut: ['P3'] };
    expect(summarizeBench(result, 61.4)).toBe(
      '1 of 2 goals are met; missed: P2; failed: P5; left out: P3; 61 s',
    );
  });
});

describe('the exit code of a bench', () => {
  const missed = { figures: [aFigure({ met: false })], failed: [], leftOut: [] };
  const leftOut = { figures: [], failed: [], leftOut: ['P3'] };
  const failed = { figures: [aFigure()], failed: ['P5'], leftOut: [] };

  test('is 0 for a goal that is missed or a measure that is left out, as the figures say so', () => {
    expect([exitCodeOf(missed, false), exitCodeOf(leftOut, false)]).toEqual([0, 0]);
  });

  test('is 1 for either, with --strict', () => {
    expect([exitCodeOf(missed, true), exitCodeOf(leftOut, true)]).toEqual([1, 1]);
  });

  test('is 1 for a measure that failed', () => {
    expect([exitCodeOf(failed, false), exitCodeOf(failed, true)]).toEqual([1, 1]);
  });
});

describe('a row of the table', () => {
  test('rounds, and says at most or at least', () => {
    const rate = aFigure({ id: 'P3', ratio: 0.98123, goal: 0.97, median: 12_345.6, unit: 'requests/s' });
    expect(describeFigure(aFigure()).split('\n')[0]?.split(/ {2,}/)).toEqual([
      'P1',
      '1.46',
      '≤ 1.6',
      'yes',
      '11',
      '123',
      '± 4',
      'ms',
    ]);
    expect(describeFigure(rate)).toMatch(/^P3 +0\.981 +≥ 0\.97 +yes +11 +12346 +± 4 +requests\/s/);
  });

  test('shouts when a goal is missed', () => {
    expect(describeFigure(aFigure({ met: false }))).toMatch(/ NO /);
  });

  test('is a line of Markdown too', () => {
    expect(
      toMarkdown([aFigure({ met: false })])
        .split('\n')
        .at(-1),
    ).toBe('| P1 | ours ÷ theirs | 1.46 | ≤ 1.6 | **no** | 11 | 123 ± 4 ms |');
  });
});
