import { describe, expect, test } from 'vitest';
import { createKnownBranches } from '../../shared/flows/known-branches.ts';
import { BRANCH, NOON, TIMING } from '../fixtures/branches.ts';
import { createMemoryCluster } from '../fixtures/memory-ports.ts';

const MINUTE_MS = 60_000;
/** Fits into what has been saved up. */
const AT_ONCE = 30;
const PER_MINUTE = 60;

/** A cluster in which every name that begins with `real` is a branch. */
function knowing() {
  const clock = { nowMs: NOON };
  const asked: string[] = [];
  const cluster = {
    ...createMemoryCluster(),
    hasService: async (branch: string) => {
      asked.push(branch);
      return branch.startsWith('real');
    },
  };
  return { clock, asked, known: createKnownBranches({ cluster, timing: TIMING, now: () => clock.nowMs }) };
}

describe('known branches', () => {
  test('known branches are asked for once in 30 s, each', async () => {
    const { clock, asked, known } = knowing();
    for (const name of ['real--g', 'real--g', BRANCH, BRANCH]) await known.ask(name);
    expect(asked).toEqual(['real--g', BRANCH]);
    clock.nowMs += TIMING.unknownTrustedMs;
    expect([await known.ask('real--g'), await known.ask(BRANCH)]).toEqual(['known', 'unknown']);
    expect(asked).toHaveLength(4);
  });

  test('a branch that many ask for at once is asked for once', async () => {
    const { asked, known } = knowing();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => known.ask('real--g')));
    expect([asked, new Set(answers)]).toEqual([['real--g'], new Set(['known'])]);
  });

  test('names that are made up are asked for 60 times in the first minute, and are busy beyond that', async () => {
    const { clock, asked, known } = knowing();
    const answers: string[] = [];
    for (let n = 0; n < 600; n += 1) {
      answers.push(await known.ask(`made-up-${n}--g`));
      clock.nowMs += MINUTE_MS / 600;
    }
    expect(asked.length).toBeLessThanOrEqual(PER_MINUTE);
    expect(asked.length).toBeGreaterThan(PER_MINUTE - 2);
    expect(answers.slice(AT_ONCE - 1, AT_ONCE + 40)).toContain('busy');
  });

  test('branches that are there use up nothing, however many', async () => {
    const { asked, known } = knowing();
    for (let n = 0; n < 1_000; n += 1) expect(await known.ask(`real-${n}--g`)).toBe('known');
    expect(asked).toHaveLength(1_000);
    const strangers = await Promise.all(
      Array.from({ length: AT_ONCE + 1 }, (_, n) => known.ask(`made-up-${n}--g`)),
    );
    expect(strangers.filter((answer) => answer === 'unknown')).toHaveLength(AT_ONCE);
    expect(strangers.at(-1)).toBe('busy');
  });
});
