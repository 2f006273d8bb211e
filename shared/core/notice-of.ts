import { type BranchDecision, type BranchState, CONTESTED_LIMIT } from './decide-branch.ts';
import type { BranchResult } from './sweep-result.ts';
import { bearerOf, type Workload } from './workload.ts';

/** Something that the owner of a workload should hear of, where he looks first. */
export type Notice = {
  readonly about: Pick<Workload, 'kind' | 'name' | 'uid'>;
  /** Each workload has one Event of each reason. */
  readonly reason: 'BadAnnotation' | 'Contested' | 'DeletionAnnounced';
  /** One sentence. */
  readonly message: string;
};

type Swept = {
  readonly state: Pick<BranchState, 'branch' | 'workloads'>;
  readonly decision: BranchDecision;
  readonly result: BranchResult;
};

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * What the owner of a branch should be told after a sweep. A deletion is told anew each day, because Kubernetes forgets
 * an Event after an hour; the rest as long as it is so.
 */
export function noticeOf({ state, decision, result }: Swept, nowMs: number): Notice | undefined {
  const about = bearerOf(state.branch, state.workloads) ?? state.workloads[0];
  if (about === undefined) return undefined;
  const told = sayBadAnnotation(decision) ?? sayContested(decision, result) ?? sayDeletion(decision, nowMs);
  return told && { about, ...told };
}

type Said = Pick<Notice, 'reason' | 'message'>;

function sayBadAnnotation(decision: BranchDecision): Said | undefined {
  if (decision.action !== 'keep' || decision.reason !== 'bad-annotation') return undefined;
  return { reason: 'BadAnnotation', message: `Dormouse keeps this branch awake: ${decision.problem}` };
}

function sayContested(decision: BranchDecision, result: BranchResult): Said | undefined {
  const isNow = result.result === 'settled' && (result.contested ?? 0) >= CONTESTED_LIMIT;
  const isStill = decision.action === 'keep' && decision.reason === 'contested';
  if (!isNow && !isStill) return undefined;
  const what = 'somebody else puts the replicas back whenever Dormouse sets them to 0';
  return { reason: 'Contested', message: `Dormouse leaves this branch awake for a day: ${what}` };
}

function sayDeletion(decision: BranchDecision, nowMs: number): Said | undefined {
  const isAnnouncement = decision.action === 'announce-deletion';
  const isPending = decision.action === 'keep' && decision.deleteAtMs !== undefined;
  if (!isAnnouncement && !isPending) return undefined;
  const { deleteAtMs = nowMs } = decision;
  const isDue = isAnnouncement || (deleteAtMs - nowMs) % DAY_MS > DAY_MS - HOUR_MS;
  if (!isDue) return undefined;
  const when = Math.max(1, Math.ceil((deleteAtMs - nowMs) / DAY_MS));
  const days = when === 1 ? 'a day' : `${when} days`;
  const message = `Dormouse deletes this branch in ${days}, unless somebody visits, edits or pins it`;
  return { reason: 'DeletionAnnounced', message };
}
