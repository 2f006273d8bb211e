import { isFailure } from '../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../shared/core/sweep-result.ts';
import type { LogEntry, Severity } from '../shared/log.ts';

/** The log entry of one branch of a sweep: the decision and what became of it. */
export function describeSwept({ branch, decision, result }: SweptBranch): LogEntry {
  const reason = 'reason' in result ? ` (${result.reason})` : '';
  return {
    severity: severityOf({ branch, decision, result }),
    message: `sweep ${branch}: ${decision.action}, ${result.result}${reason}`,
    event: 'decision',
    branch,
    decision,
    result,
  };
}

function severityOf({ decision, result }: SweptBranch): Severity {
  if (isFailure(result)) return 'ERROR';
  if (decision.action === 'keep' && decision.problem !== undefined) return 'WARNING';
  if (result.result === 'undone' || (result.result === 'settled' && result.contested !== undefined))
    return 'WARNING';
  return result.result === 'kept' ? 'DEBUG' : 'INFO';
}
