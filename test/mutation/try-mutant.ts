import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { judgeRun, type Verdict } from './judge-run.ts';
import type { Mutant } from './mutant.ts';
import type { RunReport } from './run-report.ts';
import type { Workshop } from './workshop.ts';

export type Trial = { readonly mutant: Mutant; readonly verdict: Verdict; readonly seconds: number };

/** Enough for every test there is; what takes longer is caught in a loop. */
const RUN_TIMEOUT_MS = 300_000;

/** The random stories are the same for every mutant. */
const SIMULATION = { DORMOUSE_SIMULATION_SEED: '6', DORMOUSE_SIMULATION_RUNS: '2000' };

/**
 * Puts the mutant into the workshop, runs the tests that can see it, and takes it out.
 * @throws Error when the mutant does not fit its source
 */
export async function tryMutant(workshop: Workshop, mutant: Mutant): Promise<Trial> {
  const startMs = performance.now();
  const mend = workshop.breakWith(mutant);
  const report = await runTests(workshop, [mutant.file]).finally(mend);
  return { mutant, verdict: judgeRun(report), seconds: (performance.now() - startMs) / 1_000 };
}

/** Runs the tests that can see one of the source files, in a process of its own that is ended when time is up. */
export async function runTests(
  { folder }: Workshop,
  sourceFiles: readonly string[],
): Promise<RunReport | 'timed-out'> {
  const script = path.join(folder, 'test/mutation/run-tests.ts');
  const child = fork(script, sourceFiles, {
    cwd: folder,
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...ownEnvironment(), ...SIMULATION },
  });
  const endOnExit = () => killGroup(child);
  process.once('exit', endOnExit);
  try {
    return await reportOf(child);
  } finally {
    process.off('exit', endOnExit);
    killGroup(child);
  }
}

async function reportOf(child: ChildProcess): Promise<RunReport | 'timed-out'> {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const told = new AbortController();
  const { signal } = told;
  const timeUp = AbortSignal.any([signal, AbortSignal.timeout(RUN_TIMEOUT_MS)]);
  const report = once(child, 'message', { signal: timeUp }).then(([message]) => message as RunReport);
  // Comes after every message, which an exit need not.
  const died = once(child, 'disconnect', { signal }).then((): RunReport => {
    return { tests: 0, failures: [], mishaps: [`the run died: ${complaint}`] };
  });
  try {
    return await Promise.race([report, died]);
  } catch {
    return 'timed-out';
  } finally {
    told.abort();
    report.catch(() => undefined);
    died.catch(() => undefined);
  }
}

/** Without what a test runner that started us says of itself. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const isOurs = ([name]: [string, unknown]) => !name.startsWith('VITEST') && name !== 'NODE_ENV';
  return Object.fromEntries(Object.entries(process.env).filter(isOurs));
}

/** With the workers, of which one may be in an endless loop. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
