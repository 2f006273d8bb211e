import type { Verdict } from './judge-run.ts';
import type { FailedTest } from './run-report.ts';
import type { Trial } from './try-mutant.ts';

const NAME_WIDTH = 42;
const MAX_PROBLEM_LENGTH = 300;

export const TABLE_HEAD = 'mutant | what it breaks | killed by | seconds';

/** One row of the table. */
export function describeTrial({ mutant, verdict, seconds }: Trial): string {
  const { name, breaks } = mutant;
  return [name.padEnd(NAME_WIDTH), breaks, describeVerdict(verdict), seconds.toFixed(1)].join(' | ');
}

function describeVerdict(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'killed':
      return describeKiller(verdict.by);
    case 'timed-out':
      return 'the timeout: its run did not end';
    case 'survived':
      return 'NOBODY: SURVIVED';
    case 'broken':
      return `NOBODY: PROVES NOTHING: ${oneLine(verdict.problem)}`;
    default:
      return verdict satisfies never;
  }
}

/** A test that ran out of time may have been slow for another reason: the reader shall know. */
function describeKiller({ file, test, message }: FailedTest): string {
  return `${file} > ${test}${message.includes('timed out') ? ' (it timed out)' : ''}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, MAX_PROBLEM_LENGTH);
}
