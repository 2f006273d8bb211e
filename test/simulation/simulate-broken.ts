import { createSweep } from '../../shared/flows/sweep.ts';
import { runSimulation } from './run-simulation.ts';
import { REAL_FLOWS } from './world/flows.ts';

/** `npm run simulate` with a sweep that takes every branch for idle after 7 minutes: to be found out. */
process.exitCode = await runSimulation(process.argv.slice(2), {
  flows: {
    ...REAL_FLOWS,
    createSweep: ({ settings, ...rest }) => {
      const timing = { ...settings.timing, idleAfterMs: 7 * 60_000 };
      return createSweep({ ...rest, settings: { ...settings, timing } });
    },
  },
  print: console.log,
  complain: console.error,
  nowMs: Date.now,
});
