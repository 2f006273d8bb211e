import { membersOf } from '../core/branch.ts';
import type { RecordChange, StoredRecord } from '../core/branch-record.ts';
import type { BranchDecision, BranchState } from '../core/decide-branch.ts';
import { messageOf } from '../core/message-of.ts';
import type { BranchResult } from '../core/sweep-result.ts';
import { deleteBranch } from './delete-branch.ts';
import { settleBranch } from './settle-branch.ts';
import { sleepBranch } from './sleep-branch.ts';
import type { SweepContext } from './sweep-context.ts';
import { wakeMembers, wakeProblem } from './wake-members.ts';

type Performed = { readonly state: BranchState; readonly decision: BranchDecision; readonly nowMs: number };

/** Does what was decided for one branch. Never rejects: a branch that fails must not stop the sweep. */
export async function performDecision(context: SweepContext, performed: Performed): Promise<BranchResult> {
  try {
    return await perform(context, performed);
  } catch (error) {
    return { result: 'failed', problem: messageOf(error) };
  }
}

async function perform(context: SweepContext, { state, decision, nowMs }: Performed): Promise<BranchResult> {
  if (decision.action === 'keep') return { result: 'kept', reason: decision.reason };
  if (decision.action === 'register' || state.stored === undefined) return register(context, state.branch);
  const known = { ...state, stored: state.stored };
  switch (decision.action) {
    case 'sleep':
      return sleepBranch(context, known, nowMs);
    case 'settle':
      return settleBranch(context, known, nowMs);
    case 'announce-deletion':
      return note(context, known, { note: 'announce-deletion', change: { deletionAnnouncedAt: 'now' } });
    case 'delete':
      return deleteBranch(context, known, nowMs);
    case 'heal':
      return heal(context, known);
    case 'expire':
      return expire(context, known, { nowMs, isServiceDue: decision.isServiceDue });
    case 'note-off':
      return note(context, known, { note: 'note-off', change: { offSince: 'now' } });
    case 'note-on':
      return note(context, known, { note: 'note-on', change: { offSince: 'clear', lastAccess: 'now' } });
    default:
      return decision satisfies never;
  }
}

type Known = BranchState & { readonly stored: StoredRecord };

async function register({ store }: SweepContext, branch: string): Promise<BranchResult> {
  await store.createRecord(branch);
  return { result: 'kept', reason: 'registered' };
}

async function heal(
  { cluster, surroundings }: SweepContext,
  { branch, workloads, stored: { record } }: Known,
): Promise<BranchResult> {
  const members = membersOf(branch, workloads, record);
  const woken = await wakeMembers(cluster, { members, record, surroundings });
  const problem = wakeProblem(woken);
  return problem === undefined ? { result: 'healed', woken } : { result: 'healed', woken, problem };
}

/** Looks again first: a list that missed the branch must not make it forget what sleeps. */
async function expire(
  context: SweepContext,
  known: Known,
  { nowMs, isServiceDue }: { nowMs: number; isServiceDue: boolean },
): Promise<BranchResult> {
  const workloads = await context.cluster.readBranch(known.branch);
  if (workloads.length > 0) return { result: 'kept', reason: 'changed-meanwhile' };
  const expireAtMs = nowMs + context.rules.timing.goneRecordKeptMs;
  if (isServiceDue) await context.cluster.removeService(known.branch);
  const change = {
    asleepSince: 'clear',
    replicas: 'clear',
    revisions: 'clear',
    contested: 'clear',
    deletionAnnouncedAt: 'clear',
    expireAtMs,
  } as const;
  return note(context, known, { note: 'expire', change });
}

type Note = Extract<BranchResult, { result: 'noted' }>['note'];

async function note(
  { store }: SweepContext,
  { branch, stored }: Known,
  { note, change }: { note: Note; change: RecordChange },
): Promise<BranchResult> {
  const { outcome } = await store.update(branch, stored.version, change);
  return outcome === 'written' ? { result: 'noted', note } : { result: 'kept', reason: 'changed-meanwhile' };
}
