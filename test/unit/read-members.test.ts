import { expect, test } from 'vitest';
import { readMembers } from '../../shared/flows/read-members.ts';
import { aRecord, aWorkload, BRANCH, NOON } from '../fixtures/branches.ts';
import { createMemoryCluster, createMemoryStore } from '../fixtures/memory-ports.ts';

const now = () => NOON;
const refs = async (read: ReturnType<typeof readMembers>) =>
  (await read).members.map(({ kind, name }) => `${kind}/${name}`);

test('a workload of the branch’s name that a label gives to another branch is none of its members', async () => {
  const cluster = createMemoryCluster(aWorkload({ branchLabel: 'other--g' }));
  const store = createMemoryStore(now, { [BRANCH]: aRecord() });
  expect(await refs(readMembers({ cluster, store }, BRANCH))).toEqual([]);
});

test('a workload that left the branch since the claim is none of its members', async () => {
  const worker = aWorkload({ name: 'worker', branchLabel: 'other--g' });
  const cache = aWorkload({ name: 'cache', branchLabel: BRANCH });
  const cluster = createMemoryCluster(aWorkload(), worker, cache);
  const replicas = { 'deployment/worker': 1, 'deployment/cache': 1 };
  const store = createMemoryStore(now, { [BRANCH]: aRecord({ asleepSinceMs: NOON, replicas }) });
  const members = await refs(readMembers({ cluster, store }, BRANCH));
  expect(members).toEqual([`deployment/${BRANCH}`, 'deployment/cache']);
});
