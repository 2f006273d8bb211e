import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder under terraform/. */
export type TerraformModule = '.' | 'staging-proxy' | 'examples/complete' | 'examples/existing-nginx';

/** What a command said, both streams, and how it ended. */
export type TerraformRun = { readonly code: number; readonly output: string };

/** What is planned; values that are known after an apply only are missing. */
export type TerraformPlan = {
  /** By address: `google_cloudfunctions2_function.wake`. */
  readonly resources: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly outputs: Readonly<Record<string, unknown>>;
};

/** Terraform at work on a copy of terraform/. */
export type Terraform = {
  readonly run: (module: TerraformModule, ...args: readonly string[]) => Promise<TerraformRun>;
  /**
   * Plans a module with the mocked providers and the variables of its tests; `variables`, in Terraform's language,
   * replace them.
   * @throws Error with what Terraform said when it refuses
   */
  readonly plan: (module: '.' | 'staging-proxy', variables?: string) => Promise<TerraformPlan>;
  readonly close: () => void;
};

type Message = {
  readonly diagnostic?: { readonly severity: string; readonly summary: string; readonly detail: string };
  readonly test_plan?: {
    readonly resource_changes: readonly {
      readonly address: string;
      readonly change: { readonly after: Readonly<Record<string, unknown>> };
    }[];
    readonly output_changes: Readonly<Record<string, { readonly after?: unknown }>>;
  };
};

const SOURCE = path.resolve(import.meta.dirname, '../../terraform');
/** A test file of each module that begins with mocks and variables. */
const MOCKS = { '.': 'tests/plan.tftest.hcl', 'staging-proxy': 'tests/proxy.tftest.hcl' } as const;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Opens a copy of terraform/ in a folder of its own, so that nothing is left in the repository. `providers` is where
 * the part `terraform-providers` is: a settings file, or a folder that serves as a cache.
 */
export function openTerraform(providers: string): Terraform {
  const folder = mkdtempSync(path.join(tmpdir(), 'terraform-'));
  cpSync(SOURCE, folder, { recursive: true, filter: (file) => !/[/]\.terraform/.test(file) });
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', ...settingsOf(providers) };
  const initialized = new Map<TerraformModule, Promise<TerraformRun>>();
  const execute = (module: TerraformModule, args: readonly string[]) =>
    runTerraform(args, { cwd: path.join(folder, module), env });
  const run: Terraform['run'] = async (module, ...args) => {
    const init = initialized.get(module) ?? execute(module, ['init', '-no-color', '-input=false']);
    initialized.set(module, init);
    const { code, output } = await init;
    return code === 0 ? execute(module, args) : { code, output };
  };
  let plans = 0;
  return {
    run,
    plan: async (module, variables = '') => {
      plans += 1;
      const name = `plans-${plans}`;
      mkdirSync(path.join(folder, module, name));
      const file = path.join(folder, module, name, 'plan.tftest.hcl');
      writeFileSync(
        file,
        `${readMocks(module)}\nrun "plan" {\n  command = plan\n  variables {\n${variables}\n  }\n}\n`,
      );
      const { output } = await run(module, 'test', '-json', '-verbose', `-test-directory=${name}`);
      return readPlan(output);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function settingsOf(providers: string): Record<string, string> {
  return statSync(providers).isDirectory()
    ? {
        TF_CLI_CONFIG_FILE: '',
        TF_PLUGIN_CACHE_DIR: providers,
        TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: '1',
      }
    : { TF_CLI_CONFIG_FILE: providers };
}

function runTerraform(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<TerraformRun> {
  return new Promise((resolve) => {
    execFile('terraform', args, { ...options, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: `${stdout}${stderr}` });
    });
  });
}

function readMocks(module: keyof typeof MOCKS): string {
  const text = readFileSync(path.join(SOURCE, module, MOCKS[module]), 'utf8');
  return text.slice(0, text.indexOf('\nrun "'));
}

function readPlan(output: string): TerraformPlan {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const messages: Message[] = lines.map((line) => JSON.parse(line));
  const problems = messages.flatMap(({ diagnostic }) =>
    diagnostic?.severity === 'error' ? [diagnostic] : [],
  );
  const planned = messages.find(({ test_plan }) => test_plan !== undefined)?.test_plan;
  if (planned === undefined || problems.length > 0) {
    throw new Error(problems.map(({ summary, detail }) => `${summary}: ${detail}`).join('\n') || output);
  }
  return {
    resources: new Map(planned.resource_changes.map(({ address, change }) => [address, change.after])),
    outputs: Object.fromEntries(
      Object.entries(planned.output_changes).map(([name, { after }]) => [name, after]),
    ),
  };
}
