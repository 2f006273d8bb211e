import { readFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { applyMutant, type Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { runMutate } from './mutate-fixture.ts';
import { tryMutant } from './try-mutant.ts';
import { openWorkshop } from './workshop.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The program without what makes no difference; throws when it is none. */
const codeOf = (source: string) => transformSync(source, { loader: 'ts', minify: true }).code;
const readSource = ({ file }: Mutant) => readFileSync(path.join(ROOT, file), 'utf8');

describe('every mutant', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s fits its source', (_, mutant) => {
    const source = readSource(mutant);
    expect(codeOf(applyMutant(mutant, source))).not.toBe(codeOf(source));
  });

  test('has a name of its own, and says what it breaks in a sentence', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.filter(({ breaks }) => !/^[A-Za-z].*\.$/.test(breaks))).toEqual([]);
  });

  test('a mutant whose text is there twice, or not at all, is an error', () => {
    const mutant = { name: 'm', breaks: 'It.', file: 'a.ts', find: 'one', replace: 'two' };
    expect(() => applyMutant(mutant, 'one one')).toThrow('m: a.ts holds its text 2 times');
    expect(() => applyMutant(mutant, 'two')).toThrow('m: a.ts does not hold its text');
  });
});

describe('trying a mutant', () => {
  const tryNamed = async (name: string, changes: Partial<Mutant> = {}) => {
    const mutant = MUTANTS.find((known) => known.name === name);
    if (mutant === undefined) throw new Error(`no mutant ${name}`);
    const workshop = openWorkshop();
    onTestFinished(workshop.remove);
    const { verdict } = await tryMutant(workshop, { ...mutant, ...changes });
    return { verdict, isMended: readFileSync(path.join(workshop.folder, mutant.file), 'utf8') };
  };

  test.each([
    ['no-claim', 'shared/flows/sleep-branch.ts'],
    ['pins-ignored', 'shared/core/decide-branch.ts'],
    ['hold-is-cut', 'functions/hold.ts'],
  ])('a test kills %s, and the source is as before', async (name, file) => {
    const { verdict, isMended } = await tryNamed(name);
    expect(verdict).toMatchObject({ verdict: 'killed', by: { test: expect.any(String) } });
    expect(isMended).toBe(readFileSync(path.join(ROOT, file), 'utf8'));
  });

  test('one that does not run proves nothing', async () => {
    const { verdict } = await tryNamed('hold-is-cut', { replace: 'for (;' });
    expect(verdict).toMatchObject({ verdict: 'broken' });
  });
});

describe('npm run mutate', () => {
  test('prints the row of a mutant and ends with the figures', async () => {
    const { code, lines } = await runMutate('--only', 'failed-visit-is-done');
    expect(lines[1]).toMatch(/^failed-visit-is-done +\| .* \| test\/.*\.test\.ts > .* \| \d+\.\d$/);
    expect([code, lines.at(-1)]).toEqual([0, '{"mutants":1,"survived":0}']);
  });

  test('prints the figures alone with --json', async () => {
    const { code, lines } = await runMutate('--json', '--only', 'failed-visit-is-done');
    expect([code, lines]).toEqual([0, ['{"mutants":1,"survived":0}']]);
  });

  test.each([
    [['--only', 'nobody'], 'there is no mutant "nobody"'],
    [['--workers', 'none'], '--workers must be a whole number above 0'],
    [['--all'], "Unknown option '--all'"],
  ])('refuses %j in a sentence', async (args, sentence) => {
    const { code, errors } = await runMutate(...args);
    expect(code).toBe(2);
    expect(errors).toContain(sentence);
  });
});
