import { runSimulation } from './run-simulation.ts';
import { REAL_FLOWS } from './world/flows.ts';

process.exitCode = await runSimulation(process.argv.slice(2), {
  flows: REAL_FLOWS,
  print: console.log,
  complain: console.error,
  nowMs: Date.now,
});
