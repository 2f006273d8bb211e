import { expect, test } from 'vitest';
import { wakeMembers, wakeProblem } from '../../shared/flows/wake-members.ts';
import { ClusterError } from '../../shared/ports.ts';
import { aRecord, aWorkload } from '../fixtures/branches.ts';
import { createMemoryCluster, readNothing } from '../fixtures/memory-ports.ts';

test('a wake tells of each member what became of it, though one of them cannot be woken', async () => {
  const members = ['one', 'two', 'three'].map((name) => aWorkload({ name, replicas: 0 }));
  const cluster = createMemoryCluster(...members);
  const { raise } = cluster;
  const refuse = () => Promise.reject(new ClusterError('may not patch'));
  cluster.raise = (ref, replicas) => (ref === 'deployment/one' ? refuse() : raise(ref, replicas));
  const woken = await wakeMembers(cluster, { members, record: aRecord(), surroundings: await readNothing() });
  expect(woken.map(({ outcome }) => outcome)).toEqual(['failed', 'raised', 'raised']);
  expect(wakeProblem(woken)).toBe('deployment/one could not be woken: may not patch');
});
