import type { FailedTest, RunReport } from './run-report.ts';

/** What became of a mutant. */
export type Verdict =
  | { readonly verdict: 'killed'; readonly by: FailedTest }
  /** Its run did not come to an end. */
  | { readonly verdict: 'timed-out' }
  | { readonly verdict: 'survived' }
  /** It proves nothing: its code does not run, or no test was near it. */
  | { readonly verdict: 'broken'; readonly problem: string };

/** What a program says that is wrong in itself. One that does not parse is a mishap, not a test that fails. */
const NONSENSE = /ReferenceError|is not a function|is not defined|Transform failed/;

/** Judges a run with a mutant in it: only a test that fails, and not for nonsense, has killed it. */
export function judgeRun(report: RunReport | 'timed-out'): Verdict {
  if (report === 'timed-out') return { verdict: 'timed-out' };
  const [mishap] = report.mishaps;
  const by = report.failures.find(({ message }) => !NONSENSE.test(message));
  if (by !== undefined) return { verdict: 'killed', by };
  const [nonsense] = report.failures;
  if (nonsense !== undefined) return { verdict: 'broken', problem: nonsense.message };
  if (mishap !== undefined) return { verdict: 'broken', problem: mishap };
  return report.tests === 0 ? { verdict: 'broken', problem: 'no test ran' } : { verdict: 'survived' };
}

/** Whether the mutant was caught. */
export function isCaught({ verdict }: Verdict): boolean {
  return verdict === 'killed' || verdict === 'timed-out';
}
