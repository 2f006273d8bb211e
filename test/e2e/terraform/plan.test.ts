import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../../shared/config.ts';
import { environmentSchema } from '../../../shared/environment.ts';
import { describeWith, partPath } from '../../parts/part.ts';
import { openTerraform, type Terraform, type TerraformPlan } from '../../world/terraform.ts';

const FUNCTIONS = path.resolve(import.meta.dirname, '../../../functions');
const EVERYTHING = `
  mode       = "dry-run"
  page       = { title = "Staging", logo = "Team", link = "https://wiki.example.com" }
  cluster = {
    name             = "staging"
    endpoint         = "gke-0123abcd.asia-northeast1.gke.goog"
    namespace        = "branches"
    admission_policy = "resource"
  }
`;

/** For machines where nothing is Google's. */
const LOCAL_ONLY = [
  'DORMOUSE_KUBERNETES_URL',
  'DORMOUSE_KUBECONFIG',
  'DORMOUSE_KUBE_CONTEXT',
  'DORMOUSE_SQLITE_FILE',
  'DORMOUSE_CLOCK_SPEED',
  'FIRESTORE_EMULATOR_HOST',
  'KUBERNETES_SERVICE_HOST',
];

type FunctionPlan = {
  readonly build_config: readonly { readonly entry_point: string }[];
  readonly service_config: readonly { readonly environment_variables: Readonly<Record<string, string>> }[];
};

describeWith(['terraform', 'terraform-providers'], 'what Terraform plans', () => {
  let terraform: Terraform;
  let plan: TerraformPlan;
  beforeAll(async () => {
    terraform = openTerraform(partPath('terraform-providers'));
    plan = await terraform.plan('.', EVERYTHING);
  });
  afterAll(() => terraform.close());

  const planned = (name: string) =>
    plan.resources.get(`google_cloudfunctions2_function.${name}`) as unknown as FunctionPlan;

  test.each(['wake', 'sleep'])('gives %s every variable that it reads, and no other', (name) => {
    const environment = planned(name).service_config[0]?.environment_variables ?? {};
    const wanted = Object.keys(environmentSchema.shape).filter((key) => !LOCAL_ONLY.includes(key));
    const given = Object.keys(environment).filter((key) => !key.startsWith('NODE_')); // those are Node's own
    expect(given.sort()).toEqual(wanted.sort());
  });

  test.each(['wake', 'sleep'])('gives %s an environment with which it starts', (name) => {
    const config = parseConfig(planned(name).service_config[0]?.environment_variables ?? {});
    expect(config).toMatchObject({
      cluster: 'staging',
      namespace: 'branches',
      kubernetes: { by: 'gke', endpoint: 'gke-0123abcd.asia-northeast1.gke.goog' },
      store: { kind: 'firestore', database: 'dormouse' },
      projectId: 'team-staging',
      isDryRun: true,
      expectedProxies: 2,
      holdLimits: { holdLimitMs: 25_000 },
    });
  });

  test.each(['wake', 'sleep'])('deploys an entry point that there is: %s', (name) => {
    expect(planned(name).build_config[0]?.entry_point).toBe(name);
    expect(existsSync(path.join(FUNCTIONS, `${name}.ts`))).toBe(true);
    expect(readFileSync(path.join(FUNCTIONS, 'index.ts'), 'utf8')).toMatch(
      new RegExp(`http\\(\\s*'${name}',`),
    );
  });

  test('gives nothing to everybody', () => {
    expect(JSON.stringify([...plan.resources])).not.toMatch(
      /allUsers|allAuthenticatedUsers|system:(un)?authenticated/,
    );
  });

  test('gives nothing to others than its own accounts', () => {
    const members = [...plan.resources].flatMap(([address, { member }]) =>
      typeof member === 'string' && address.includes('iam_member') ? [member] : [],
    );
    const own = ['wake', 'sleep', 'scheduler', 'proxy', 'build'].map(
      (name) => `serviceAccount:${name}@team-staging.iam.gserviceaccount.com`,
    );
    const pods = 'serviceAccount:team-staging.svc.id.goog[staging-proxy/staging-proxy]';
    expect(members).toHaveLength(10);
    expect([...new Set(members)].sort()).toEqual([...own, pods].sort());
  });

  test('makes no key of any account', () => {
    expect([...plan.resources.keys()].filter((address) => address.includes('service_account_key'))).toEqual(
      [],
    );
  });

  test('counts events that the functions log', () => {
    const filters = [...plan.resources.values()].map(({ filter }) => String(filter ?? ''));
    const events = filters.flatMap((filter) =>
      Array.from(filter.matchAll(/jsonPayload\.event="(\w+)"/g), ([, event = '']) => event),
    );
    const sources = ['touch', 'hold', 'holding', 'page', 'sleep', 'describe-swept'].map((file) =>
      readFileSync(path.join(FUNCTIONS, `${file}.ts`), 'utf8'),
    );
    const logged = new Set(
      sources.flatMap((text) => Array.from(text.matchAll(/event: '(\w+)'/g), ([, event]) => event)),
    );
    expect(new Set(events)).toEqual(new Set(['decision', 'hold', 'sweep', 'touch', 'wake']));
    expect([...new Set(events)].filter((event) => !logged.has(event))).toEqual([]);
  });
});

describeWith(['terraform', 'terraform-providers'], 'a variable that is wrong', () => {
  let terraform: Terraform;
  beforeAll(() => {
    terraform = openTerraform(partPath('terraform-providers'));
  });
  afterAll(() => terraform.close());

  test.each([
    ['idle_after_minutes = 0', /whole number from 5 to 525600\. To put nothing to sleep, set mode = "off"\./],
    ['schedule = { cron = "0 */5 * * * * 2026" }', /5 fields .+ such as "\*\/5 \* \* \* \*"/],
    ['region = "tokyo"', /region "tokyo" is not known: write a region such as "asia-northeast1"/],
    [
      'hold = { limit_seconds = 30 }',
      /lower the first, or raise the second and the load balancer's timeoutSec/,
    ],
  ])('is answered with what to write instead: %s', async (variable, sentence) => {
    await expect(terraform.plan('.', variable)).rejects.toThrow(sentence);
  });

  test('is answered with what to write instead: host suffixes that overlap', async () => {
    const variables = 'run = {}\nhost_suffixes = ["gyazo.example", "staging.gyazo.example"]';
    await expect(terraform.plan('staging-proxy', variables)).rejects.toThrow(
      'leave out "staging.gyazo.example", which "gyazo.example" covers',
    );
  });
});
