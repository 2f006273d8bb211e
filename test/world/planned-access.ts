import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** The functions' accounts, as Google would name them. */
export const ACCOUNTS = {
  wake: { email: 'wake@team-staging.iam.gserviceaccount.com', uniqueId: '101' },
  sleep: { email: 'sleep@team-staging.iam.gserviceaccount.com', uniqueId: '102' },
} as const;

export type RbacRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

export type RbacRole = { readonly metadata: { readonly name: string }; readonly rules: readonly RbacRule[] };
export type RbacBinding = { readonly metadata: { readonly name: string }; readonly [field: string]: unknown };

/** What Terraform would put into the cluster, as Kubernetes takes it. */
export type PlannedAccess = {
  readonly roles: Readonly<Record<keyof typeof ACCOUNTS, RbacRole>>;
  readonly bindings: readonly RbacBinding[];
  /** YAML. */
  readonly admissionPolicy: string;
};

const MODULE = path.resolve(import.meta.dirname, '../../terraform');
const TEST_FILE = 'tests/planned-access.tftest.hcl';
const MAX_OUTPUT_BYTES = 64 * 1_024 * 1_024;

type Change = {
  readonly type: string;
  readonly index?: string;
  readonly change: { readonly after: Attributes };
};
type Attributes = {
  readonly metadata: readonly { readonly name: string; readonly namespace: string }[];
  readonly rule?: readonly Record<'api_groups' | 'resources' | 'verbs', readonly string[]>[];
  readonly role_ref?: readonly RoleRef[];
  readonly subject?: readonly RoleRef[];
};
type RoleRef = { readonly api_group: string; readonly kind: string; readonly name: string };
type Plan = {
  readonly resource_changes: readonly Change[];
  readonly output_changes: { readonly admission_policy: { readonly after: string } };
};

/**
 * Plans the module with both providers mocked, and reads out of the plan who may do what in the namespace.
 * @throws Error with Terraform's output when there is no plan
 */
export async function planAccess(terraform: string, namespace: string): Promise<PlannedAccess> {
  const plan = await planModule(terraform, namespace);
  const ofType = (type: string) => plan.resource_changes.filter((change) => change.type === type);
  const roles = ofType('kubernetes_role_v1').map(({ index, change }) => [index, toRole(change.after)]);
  return {
    roles: Object.fromEntries(roles),
    bindings: ofType('kubernetes_role_binding_v1').map(({ change }) => toBinding(change.after)),
    admissionPolicy: plan.output_changes.admission_policy.after,
  };
}

/** In a copy: the module's own folder stays as it is, and its own tests are not run. */
async function planModule(terraform: string, namespace: string): Promise<Plan> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dormouse-plan-'));
  const run = (...args: string[]) =>
    promisify(execFile)(terraform, args, { cwd: folder, maxBuffer: MAX_OUTPUT_BYTES });
  try {
    await cp(MODULE, folder, { recursive: true, filter: (file) => !file.includes('.terraform') });
    await writeFile(path.join(folder, TEST_FILE), testFile(namespace));
    await writeFile(path.join(folder, 'archive.zip'), '');
    await run('init', '-backend=false', '-input=false');
    const { stdout } = await run('test', '-json', '-verbose', `-filter=${TEST_FILE}`);
    const lines = stdout.trim().split('\n');
    const planned = lines.map((line) => JSON.parse(line)).find(({ type }) => type === 'test_plan');
    if (planned === undefined) throw new Error(`Terraform planned nothing\n${stdout}`);
    return planned.test_plan;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function testFile(namespace: string): string {
  const accounts = Object.entries(ACCOUNTS).map(
    ([name, { email, uniqueId }]) => `
  override_resource {
    target = google_service_account.${name}
    values = { name = "${name}", email = "${email}", unique_id = "${uniqueId}", member = "serviceAccount:${email}" }
  }`,
  );
  return `
mock_provider "google" {
  override_during = plan
${accounts.join('\n')}
}
mock_provider "kubernetes" {
  override_during = plan
}
run "access" {
  command = plan
  variables {
    project_id     = "team-staging"
    region         = "asia-northeast1"
    source_archive = "archive.zip"
    cluster = {
      name      = "staging"
      endpoint  = "gke-0123abcd.asia-northeast1.gke.goog"
      namespace = "${namespace}"
    }
  }
}
`;
}

function toRole({ metadata, rule = [] }: Attributes): RbacRole {
  const rules = rule.map(({ api_groups: apiGroups, resources, verbs }) => ({ apiGroups, resources, verbs }));
  return { metadata: toMetadata(metadata), rules };
}

function toBinding({ metadata, role_ref = [], subject = [] }: Attributes): RbacBinding {
  const [roleRef] = role_ref.map(toRef);
  return { metadata: toMetadata(metadata), roleRef, subjects: subject.map(toRef) };
}

function toMetadata([metadata]: Attributes['metadata']) {
  return { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' };
}

function toRef({ api_group: apiGroup, kind, name }: RoleRef) {
  return { apiGroup, kind, name };
}
