import { MINUTE } from './a-world.ts';
import { createSteps } from './steps.ts';
import type { World } from './world/world.ts';

/** No faults, no people, no visitors any more: sweeps, until there should be nothing left to do. */
export async function letCalmCome(world: World): Promise<void> {
  const steps = createSteps(world);
  world.note({ fact: 'calm' });
  for (const minutes of [0, 3, 3, 11, 11, 11, 3]) {
    steps.pass(minutes * MINUTE);
    await steps.finish(world.sweep().name);
  }
}
