import fc from 'fast-check';
import { expect, test } from 'vitest';
import { violationsOf } from './invariants.ts';
import { randomStory, tell } from './random-story.ts';
import { tellStory } from './tell-story.ts';
import type { Fact } from './world/fact.ts';

const runs = Number(process.env.DORMOUSE_SIMULATION_RUNS ?? 1_000);
const seed = Number(process.env.DORMOUSE_SIMULATION_SEED ?? Date.now() % 2 ** 31);
const timeoutMs = 60_000 + runs * 50;

test(
  'Dormouse keeps its promises in random stories of visits, sweeps, deploys, people, crashes and faults',
  async () => {
    console.log(`simulation: ${runs} random stories, DORMOUSE_SIMULATION_SEED=${seed}`);
    const property = fc.asyncProperty(randomStory, async (story) => {
      const history = await tell(story);
      const violations = violationsOf(history);
      if (violations.length > 0) throw new Error([...violations, tellStory(history.facts)].join('\n'));
    });
    await fc.assert(property, { numRuns: runs, seed });
  },
  timeoutMs,
);

test('a random story happens the same way twice', async () => {
  const [story] = fc.sample(randomStory, { numRuns: 1, seed });
  if (story === undefined) throw new Error('no story was made');
  const [first, second] = [await tell(story), await tell(story)];
  expect(tellStory(first.facts)).toBe(tellStory(second.facts));
});

test('random stories tell of everything that can happen', async () => {
  const stories = fc.sample(randomStory, { numRuns: 200, seed: 1 });
  const histories = await Promise.all(stories.map(tell));
  const told = histories.flatMap(({ facts }) => facts.flatMap(wordsOf));
  const sweeps = ['kept', 'noted', 'healed', 'failed', 'slept', 'undone', 'settled', 'waking'];
  const visits = ['awake', 'woken', 'opted-out', 'no-such-branch', 'failed visit'];
  const faults = ['lost', 'answer-lost', 'late', 'stale', 'crashed', 'corrupted'];
  expect(told).toEqual(expect.arrayContaining([...sweeps, ...visits, ...faults]));
});

function wordsOf(fact: Fact): readonly string[] {
  if (fact.fact === 'fault') return [fact.fault];
  if (fact.fact === 'sweep-ended') return fact.swept.map(({ result }) => result.result);
  if (fact.fact === 'visit-ended') return [fact.outcome?.outcome ?? 'failed visit'];
  return [fact.fact];
}
