import { createGkeCluster } from '../../../shared/adapters/kubernetes/gke-cluster.ts';
import type { RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import { isFailure, type SweepSummary } from '../../../shared/core/summarize-sweep.ts';
import type { SweptBranch } from '../../../shared/core/sweep-result.ts';
import { createTiming } from '../../../shared/core/timing.ts';
import { createSweep } from '../../../shared/flows/sweep.ts';
import { createMemoryStore } from '../../fixtures/memory-ports.ts';
import { deleteBranch } from '../../world/branch-manifests.ts';
import { createHands, type Hands } from './hands.ts';
import { NAMESPACE, type PrivilegedWorld, type Switch } from './privileged-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let stories = 0;

/**
 * Tells all that the function `sleep` does of one branch of a Deployment and a StatefulSet: it registers it, heeds what
 * the namespace says, a Job and an HPA, tells of an annotation that is wrong, puts the branch to sleep, heals it after a
 * visit, settles the claim, notes that somebody scaled it by hand and, where it may, deletes it.
 *
 * @throws Error at the first sweep that does something else
 */
export async function tellSleepStory(
  { api }: PrivilegedWorld,
  transport: RestTransport,
  switched: Switch,
): Promise<void> {
  stories += 1;
  const name = `sleep-${stories}--g`;
  const hands = createHands(api, name);
  const story = createStory(transport, name, switched);
  try {
    await hands.createAll();
    await tellOfPolicies(story, hands);
    await tellOfSleep(story, hands);
    await tellOfDeletion(story, hands, switched);
  } finally {
    await hands.annotateNamespace({ 'dormouse/idle-after': null, 'dormouse/background-max': null });
    await hands.annotateNamespace({ 'dormouse/delete-after': null });
    await hands.removeRest();
    await deleteBranch(api, { namespace: NAMESPACE, name });
  }
}

async function tellOfPolicies({ sweep, pass }: Story, hands: Hands): Promise<void> {
  await hands.annotateNamespace({ 'dormouse/idle-after': '3h', 'dormouse/delete-after': '30d' });
  await sweep('kept', 'registered');
  pass(2 * HOUR);
  await sweep('kept', 'active');
  pass(2 * HOUR);
  await hands.runJob();
  await sweep('kept', 'job-running');
  await hands.removeJob();
  await hands.annotateNamespace({ 'dormouse/background-max': 'ever' });
  await sweep('kept', 'bad-annotation');
  if (!(await hands.isTold('BadAnnotation'))) throw new Error('the owner was told nothing');
  await hands.annotateNamespace({ 'dormouse/background-max': null });
}

async function tellOfSleep({ sweep, pass, visit }: Story, hands: Hands): Promise<void> {
  await sweep('slept');
  pass(MINUTE);
  await visit();
  await sweep('healed');
  pass(5 * MINUTE);
  await sweep('settled');
  await hands.scale(0);
  await sweep('noted', 'note-off');
  await hands.scale(2);
  await sweep('noted', 'note-on');
  await hands.scale(0);
  await sweep('noted', 'note-off');
}

async function tellOfDeletion({ sweep, pass }: Story, hands: Hands, switched: Switch): Promise<void> {
  pass(24 * DAY);
  if (switched === 'off') {
    pass(8 * DAY);
    await sweep('kept', 'scaled-to-zero-by-hand');
    return;
  }
  await sweep('noted', 'announce-deletion');
  if (!(await hands.isTold('DeletionAnnounced'))) throw new Error('the owner was told nothing');
  pass(8 * DAY);
  await sweep('deleted');
  if (await hands.isAnythingLeft()) throw new Error('something is left of the branch');
}

type Story = {
  readonly pass: (ms: number) => void;
  readonly visit: () => Promise<unknown>;
  /** @throws Error unless the branch meets with this `result`, and with this reason or note */
  readonly sweep: (wanted: SweptBranch['result']['result'], why?: string) => Promise<void>;
};

function createStory(transport: RestTransport, name: string, switched: Switch): Story {
  let nowMs = Date.now();
  const now = () => nowMs;
  const store = createMemoryStore(now);
  const swept: SweptBranch[] = [];
  const sweepAll = createSweep({
    store,
    cluster: createGkeCluster({ transport, namespace: NAMESPACE }),
    settings: { timing: createTiming(HOUR), mode: 'on', mayDelete: switched === 'on' },
    now,
    expectedProxies: 1,
    batchSize: 1,
    report: (branch) => void swept.push(branch),
  });
  return {
    pass: (ms) => {
      nowMs += ms;
    },
    visit: () => store.stampVisit(name),
    sweep: async (wanted, why) => {
      await store.stampHeartbeat('proxy', Number.POSITIVE_INFINITY); // visits are never lost here
      const summary = await sweepAll({ isDryRun: false });
      const last = swept.findLast(({ branch }) => branch === name);
      if (!isAsTold(last, wanted, why) || isTroubled(summary))
        throw new Error(`not ${wanted} ${why ?? ''}: ${JSON.stringify({ last, summary })}`);
    },
  };
}

function isAsTold(swept: SweptBranch | undefined, wanted: string, why: string | undefined): boolean {
  if (swept === undefined || swept.result.result !== wanted || isFailure(swept.result)) return false;
  const said = { ...swept.decision, ...swept.result } as { reason?: string; note?: string };
  return why === undefined || (said.note ?? said.reason) === why;
}

function isTroubled({ unreadable, sideProblems }: SweepSummary): boolean {
  return unreadable !== undefined || sideProblems !== undefined;
}
