import { describe, expect, test } from 'vitest';
import type { Measure } from '../bench/measure.ts';
import { chooseMeasures, readArguments } from '../bench/read-arguments.ts';

const aMeasure = (id: string): Measure => ({ id, what: id, measure: async () => [] });
const ALL = ['P1', 'P3', 'P3b', 'P8', 'P8b', 'P11'].map(aMeasure);
const chosen = (...only: readonly string[]) => chooseMeasures(ALL, only).map(({ id }) => id);

describe('the arguments of a bench', () => {
  test('none measure everything and print a table', () => {
    expect(readArguments([])).toEqual({ isHelp: false, isJson: false, isStrict: false, only: [] });
  });

  test('lists of ids may be joined by commas, or given one by one', () => {
    const { only } = readArguments(['--only', 'P1, P3', '--only=P8b,', '--json']);
    expect(only).toEqual(['P1', 'P3', 'P8b']);
  });

  test('an option that is not known is refused', () => {
    expect(() => readArguments(['--fast'])).toThrow(/--fast/);
  });
});

describe('the choice of measures', () => {
  test('without ids is all of them', () => {
    expect(chosen()).toHaveLength(ALL.length);
  });

  test('keeps the order of the bench, not of the ids, and takes each once', () => {
    expect(chosen('P8', 'P1', 'P1b')).toEqual(['P1', 'P8']);
  });

  test.each([
    ['P3p99', 'P3'],
    ['P3b', 'P3b'],
    ['P1m', 'P1'],
    ['P8/1000', 'P8'],
    ['P8b', 'P8b'],
    ['P11', 'P11'],
  ])('finds the figure %s in the measure %s', (wanted, id) => {
    expect(chosen(wanted)).toEqual([id]);
  });

  test.each(['P2', 'P12', 'cold'])('refuses %s, which nobody measures', (wanted) => {
    expect(() => chosen(wanted)).toThrow(`there is no measure ${wanted}: known are P1, P3`);
  });
});
