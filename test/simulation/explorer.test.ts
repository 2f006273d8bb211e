import { describe, expect, test } from 'vitest';
import { explore } from './explorer.ts';
import { DEEP_SCENES, QUICK_SCENES } from './scenes.ts';

const isDeep = Number(process.env.DORMOUSE_SIMULATION_RUNS ?? 0) > 5_000;

describe('every interleaving', () => {
  test.each((isDeep ? DEEP_SCENES : QUICK_SCENES).map((scene) => [scene.name, scene] as const))(
    'Dormouse keeps its promises in every order of the steps of %s',
    async (name, scene) => {
      const { interleavings, states, ends } = await explore(scene);
      console.log(`simulation: ${name}: ${interleavings} interleavings of ${states} states, ${ends} ends`);
      expect(interleavings).toBeGreaterThan(scene.atLeast);
    },
    isDeep ? 1_800_000 : 120_000,
  );
});
