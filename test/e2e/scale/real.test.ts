import { beforeAll, expect, test } from 'vitest';
import { describeWith, partPath } from '../../parts/part.ts';
import { manyBranches } from '../../world/many-branches.ts';
import { type RealScale, sweepRealCluster } from './real-scale.ts';

const BRANCHES = 100;

describeWith(['control-plane', 'firestore-emulator'], '100 branches on a real API server and store', () => {
  let scale: RealScale;

  beforeAll(async () => {
    const parts = { gcloud: partPath('firestore-emulator'), controlPlane: partPath('control-plane') };
    scale = await sweepRealCluster({ branches: BRANCHES, sweeps: 2, parts });
  });

  test('fall asleep in two sweeps, the second of which goes on where the first stopped', () => {
    const stops = scale.summaries.map(({ stopped, failed, blind }) => ({ stopped, failed, blind }));
    expect(stops).toEqual([
      { stopped: { done: 50, remaining: 50 }, failed: 0, blind: false },
      { stopped: false, failed: 0, blind: false },
    ]);
    expect(scale.atZero).toBe(2 * BRANCHES);
  });

  test('are worked on once each', () => {
    expect(scale.worked.toSorted()).toEqual(manyBranches(0, BRANCHES).map(({ name }) => name));
  });

  test('are left alone by the sweep after that', () => {
    expect(scale.steady).toMatchObject({ slept: 0, stopped: false, kept: { asleep: BRANCHES } });
  });
});
