import path from 'node:path';
import { createVitest, type TestModule, type TestSpecification, type Vitest } from 'vitest/node';
import type { Parts } from '../parts/parts.ts';
import type { FailedTest, RunReport } from './run-report.ts';

/**
 * Runs, in the folder it is started in, the tests that can see one of the source files it is given, up to the first that
 * fails, and tells its parent a `RunReport`. Those that need real parts are left out.
 */
const STAGES: readonly (readonly string[])[] = [
  [
    'test/unit/**/*.test.ts',
    'test/edge/**/*.test.ts',
    'test/simulation/stories.test.ts',
    'test/simulation/policies.test.ts',
  ],
  [
    'test/contract/cluster-embedded.test.ts',
    'test/contract/kubernetes-wire.test.ts',
    'test/contract/store-firestore.test.ts',
    'test/contract/store-sqlite.test.ts',
    'test/contract/watch-embedded.test.ts',
  ],
  ['test/simulation/random.test.ts', 'test/simulation/explorer.test.ts'],
];

/** What of these files needs a real part is left out. */
const MISSING = { missing: 'mutants meet no real part' };
const NO_PARTS: Parts = {
  nginx: MISSING,
  'firestore-emulator': MISSING,
  'control-plane': MISSING,
  chromium: MISSING,
  terraform: MISSING,
  'terraform-providers': MISSING,
};

const TEST_TIMEOUT_MS = 20_000;
const HOOK_TIMEOUT_MS = 60_000;

const root = process.cwd();
const sourceFiles = process.argv.slice(2);

/** Modules are shared by the files of a run, which takes a fifth of the time. */
async function openVitest(): Promise<Vitest> {
  return createVitest('test', {
    config: false,
    root,
    watch: false,
    bail: 1,
    isolate: false,
    maxWorkers: 1,
    reporters: [{}],
    include: STAGES.flat(),
    provide: { parts: NO_PARTS },
    setupFiles: [path.join(import.meta.dirname, 'report-first-failure.ts')],
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: HOOK_TIMEOUT_MS,
    related: sourceFiles.map((file) => path.join(root, file)),
  });
}

function stageOf({ moduleId }: TestSpecification): number {
  const file = path.relative(root, moduleId);
  return STAGES.findIndex((globs) => globs.some((glob) => path.matchesGlob(file, glob)));
}

async function runStages(vitest: Vitest): Promise<RunReport> {
  const specifications = await vitest.getRelevantTestSpecifications();
  let report: RunReport = { tests: 0, failures: [], mishaps: [] };
  for (const stage of STAGES.keys()) {
    const ofStage = specifications.filter((specification) => stageOf(specification) === stage);
    if (ofStage.length === 0) continue;
    report = addStage(report, await vitest.runTestSpecifications(ofStage));
    if (report.failures.length > 0 || report.mishaps.length > 0) break;
  }
  return report;
}

type StageResult = Awaited<ReturnType<Vitest['runTestSpecifications']>>;

function addStage(before: RunReport, { testModules, unhandledErrors }: StageResult): RunReport {
  const ran = testModules.flatMap((module) => [...module.children.allTests()]);
  const isOver = (state: string) => state === 'passed' || state === 'failed';
  const mishaps = [...testModules.flatMap((module) => module.errors()), ...unhandledErrors];
  return {
    tests: before.tests + ran.filter((test) => isOver(test.result().state)).length,
    failures: [...before.failures, ...testModules.flatMap(failuresOf)],
    mishaps: [...before.mishaps, ...mishaps.map((error) => (error as Error).message)],
  };
}

function failuresOf(module: TestModule): FailedTest[] {
  return [...module.children.allTests('failed')].map((test) => ({
    file: path.relative(root, module.moduleId),
    test: test.fullName,
    message: (test.result().errors ?? []).map(({ name, message }) => `${name}: ${message}`).join('\n'),
  }));
}

const vitest = await openVitest();
const report = await runStages(vitest);
await vitest.close();
process.send?.(report, () => process.disconnect());
