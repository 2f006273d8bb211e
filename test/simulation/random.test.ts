import fc from 'fast-check';
import { expect, test } from 'vitest';
import { violationsOf } from './invariants.ts';
import { randomStory, tell } from './random-story.ts';
import { tellStory } from './tell-story.ts';
import type { Fact } from './world/fact.ts';

const runs = Number(process.env.DORMOUSE_SIMULATION_RUNS ?? 5_000);
const seed = Number(process.env.DORMOUSE_SIMULATION_SEED ?? Date.now() % 2 ** 31);
const timeoutMs = 60_000 + runs * 50;
/** A story that fails is made shorter for so long. */
const limits = { interruptAfterTimeLimit: timeoutMs - 10_000, markInterruptAsFailure: true };

test(
  'Dormouse keeps its promises in random stories of visits, sweeps, deploys, people, crashes and faults',
  async () => {
    console.log(`simulation: ${runs} random stories, DORMOUSE_SIMULATION_SEED=${seed}`);
    const property = fc.asyncProperty(randomStory, async (story) => {
      const history = await tell(story);
      const violations = violationsOf(history);
      if (violations.length > 0) throw new Error([...violations, tellStory(history.facts)].join('\n'));
    });
    await fc.assert(property, { numRuns: runs, seed, ...limits });
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
  const stories = fc.sample(randomStory, { numRuns: 500, seed: 1 });
  const histories = await Promise.all(stories.map((story) => tell(story)));
  const told = histories.flatMap(({ facts }) => facts.flatMap(wordsOf));
  const sweeps = ['kept', 'noted', 'healed', 'failed', 'slept', 'undone', 'settled', 'waking', 'deadline'];
  const visits = ['awake', 'woken', 'opted-out', 'no-such-branch', 'would-wake', 'failed visit'];
  const faults = ['lost', 'refused', 'answer-lost', 'late', 'stale', 'crashed', 'corrupted', 'expired'];
  const holds = [
    'held: reachable',
    'held: patience-over',
    'held: hopeless',
    'held: opted-out',
    'held: dry-run',
  ];
  const requests = ['served', 'page', 'left'];
  const modes = ['mode on', 'mode off', 'mode dry-run'];
  const policies = [
    ...['pinned', 'schedule', 'background-activity', 'job-running', 'source-unreadable', 'keep-awake-hours'],
    ...['expected', 'deployed', 'put-back', 'left-asleep', 'deleted', 'service-removed', 'blindness-stamped'],
    ...['owner-told'],
  ];
  expect([...new Set(told)]).toEqual(
    expect.arrayContaining([
      ...sweeps,
      ...visits,
      ...faults,
      ...holds,
      'again',
      ...requests,
      ...modes,
      ...policies,
    ]),
  );
});

function wordsOf(fact: Fact): readonly string[] {
  switch (fact.fact) {
    case 'fault':
      return [fact.fault];
    case 'sweep-began':
      return [`mode ${fact.mode}`];
    case 'sweep-ended':
      return fact.swept.flatMap(({ decision, result }) => [
        result.result,
        ...('reason' in decision ? [decision.reason] : []),
        ...('reason' in result ? [result.reason] : []),
        ...('end' in result ? [result.end] : []),
      ]);
    case 'visit-ended':
      return [fact.outcome?.outcome ?? 'failed visit'];
    case 'hold-ended':
      return ['reason' in fact.outcome ? `held: ${fact.outcome.reason}` : fact.outcome.answer];
    case 'request-ended':
      return [fact.end];
    default:
      return [fact.fact];
  }
}
