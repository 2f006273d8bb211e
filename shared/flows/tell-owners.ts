import { noticeOf } from '../core/notice-of.ts';
import type { SweptBranch } from '../core/sweep-result.ts';
import type { Cluster } from '../ports.ts';
import type { Planned } from './plan-sweep.ts';
import { tryOrSay } from './try-or-say.ts';

/** In one sweep. Each is told again by a later one, as long as it is so. */
const MAX_NOTICES = 50;

/**
 * Tells the owners of branches, by Kubernetes Events, what they should know. Never rejects: nothing hangs on it. The
 * first that cannot be told ends it, and comes back as a sentence.
 */
export async function tellOwners(
  cluster: Pick<Cluster, 'tell'>,
  planned: readonly Planned[],
  swept: readonly SweptBranch[],
): Promise<string | undefined> {
  const results = new Map(swept.map(({ branch, result }) => [branch, result]));
  const notices = planned.flatMap(({ state, decision, nowMs }) => {
    const result = results.get(state.branch);
    return (result && noticeOf({ state, decision, result }, nowMs)) ?? [];
  });
  return tryOrSay('the owners of branches cannot be told', async () => {
    for (const notice of notices.slice(0, MAX_NOTICES)) await cluster.tell(notice);
  });
}
