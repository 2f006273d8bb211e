import { en } from 'zod/locales';
import * as z from 'zod/mini';
import type { CallerRules } from './core/caller.ts';
import type { Mode } from './core/decide-branch.ts';
import type { HoldLimits } from './core/decide-hold.ts';
import { createTiming, type Timing } from './core/timing.ts';
import { type Branding, isBrandLink, MAX_BRAND_LENGTH, MAX_BRAND_LINK_LENGTH } from './page/branding.ts';

/** How Kubernetes is reached. */
export type KubernetesConfig =
  | { readonly by: 'gke'; readonly endpoint: string }
  | { readonly by: 'url'; readonly url: string }
  | { readonly by: 'kubeconfig'; readonly file: string; readonly context?: string }
  | { readonly by: 'in-cluster' };

/** Where records are kept. */
export type StoreConfig =
  | { readonly kind: 'firestore'; readonly database: string; readonly emulatorHost?: string }
  | { readonly kind: 'sqlite'; readonly file: string };

export type Config = {
  readonly cluster: string;
  readonly namespace: string;
  readonly kubernetes: KubernetesConfig;
  readonly store: StoreConfig;
  readonly projectId?: string;
  readonly mode: Mode;
  /** Decide and explain, change nothing. */
  readonly isDryRun: boolean;
  readonly timing: Timing;
  readonly holdLimits: HoldLimits;
  readonly branding: Branding;
  readonly expectedProxies: number;
  readonly sweepBatchSize: number;
  /** From the beginning of a sweep on, the time in which it may take on work. Real time, whatever the clock's speed. */
  readonly sweepDeadlineMs: number;
  /** Without it, whoever reaches a function may call it. */
  readonly callerRules?: CallerRules;
};

/** The environment is wrong: every problem in one message, so that one deploy shows them all. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the environment is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const MAX_SPEED = 1_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** A branch that starts faster shows no page. */
const PAGE_AFTER_MS = 1_500;
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** `zod/mini` comes without messages of its own. */
z.config(en());

const text = () => z.string().check(z.minLength(1));
const matching = (pattern: RegExp, error: string) => z.string().check(z.regex(pattern, error));
const name = (what: string) =>
  z.string().check(z.maxLength(63), z.regex(dnsLabel, `must be ${what}: lower case letters, digits, "-"`));
/** Separated by commas, with or without blanks. */
const list = (item: RegExp, error: string) =>
  z
    .pipe(
      z.string(),
      z.transform((given: string) => given.split(',').map((each) => each.trim())),
    )
    .check(z.refine((items) => items.every((each) => item.test(each)), error));
const brandText = () => z.string().check(z.minLength(1), z.maxLength(MAX_BRAND_LENGTH));
const whole = (least: number, most: number) => z.coerce.number().check(z.int(), z.gte(least), z.lte(most));

/**
 * Every variable that the functions read, with the sentence that docs/configuration.md prints. Written in `zod/mini`,
 * since each start builds it: `zod` itself takes 40 ms.
 */
export const environmentSchema = z.object({
  DORMOUSE_CLUSTER: name('the name of the cluster').check(
    z.describe('Name of the cluster. Part of every record, so that several clusters may share one database.'),
  ),
  DORMOUSE_NAMESPACE: name('the name of a namespace').check(z.describe('Namespace of the branches.')),
  DORMOUSE_GKE_ENDPOINT: z
    .optional(matching(/^[a-z0-9.-]+$/, 'must be a host name without "https://"'))
    .check(
      z.describe("The cluster's DNS endpoint, `gke-….gke.goog`. Google credentials are found by themselves."),
    ),
  DORMOUSE_KUBERNETES_URL: z
    .optional(z.url({ protocol: /^https?$/, error: 'must be a URL such as http://127.0.0.1:8001' }))
    .check(z.describe('An API server that needs no credentials, such as `kubectl proxy`.')),
  DORMOUSE_KUBECONFIG: z.optional(text()).check(z.describe('A kubeconfig file.')),
  DORMOUSE_KUBE_CONTEXT: z
    .optional(text())
    .check(z.describe('A context of that file. Without it, the current one.')),
  DORMOUSE_FIRESTORE_DATABASE: z
    .optional(
      matching(/^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/, 'must be the id of a Firestore database'),
    )
    .check(z.describe('Id of the Firestore database that keeps the records. Needs GOOGLE_CLOUD_PROJECT.')),
  DORMOUSE_SQLITE_FILE: z
    .optional(text())
    .check(z.describe('A SQLite file that keeps the records instead: for local runs.')),
  DORMOUSE_MODE: z
    ._default(z.enum(['on', 'dry-run', 'off']), 'on')
    .check(
      z.describe(
        '`dry-run` decides and logs, and changes nothing. `off` wakes all that Dormouse put to sleep.',
      ),
    ),
  DORMOUSE_IDLE_AFTER_MINUTES: z
    ._default(whole(5, 525_600), 60)
    .check(
      z.describe('Minutes without a visit after which a branch sleeps, unless an annotation says otherwise.'),
    ),
  DORMOUSE_HOLD_LIMIT_SECONDS: z
    ._default(whole(2, 3_000), 25)
    .check(
      z.describe(
        'How long a request is held at most. Keep it below the timeout of the load balancer, 30 s by default.',
      ),
    ),
  DORMOUSE_PAGE_TITLE: z.optional(brandText()).check(z.describe("Stands in the waiting page's title.")),
  DORMOUSE_PAGE_LOGO: z.optional(brandText()).check(z.describe('A text at the top of the waiting page.')),
  DORMOUSE_PAGE_LINK: z
    .optional(
      z
        .string()
        .check(z.maxLength(MAX_BRAND_LINK_LENGTH), z.refine(isBrandLink, 'must be an http or https URL')),
    )
    .check(z.describe('Where that text leads.')),
  DORMOUSE_EXPECTED_PROXIES: z
    ._default(whole(1, 1_000), 1)
    .check(
      z.describe('How many nginx pods must report that touches arrive. With fewer, nothing is put to sleep.'),
    ),
  DORMOUSE_SWEEP_BATCH_SIZE: z
    ._default(whole(1, 100), 20)
    .check(z.describe('How many branches a sweep works on at once.')),
  DORMOUSE_SWEEP_DEADLINE_SECONDS: z
    ._default(whole(10, 1_740), 240)
    .check(
      z.describe(
        'After so many seconds a sweep takes on no more branches, and the next one goes on there. What is under way ends within another 60 s: keep this so much below the timeout of the function.',
      ),
    ),
  DORMOUSE_ALLOWED_CALLERS: z
    .optional(list(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be emails, separated by commas'))
    .check(
      z.describe(
        'Emails of the accounts that may call, separated by commas: then a Google ID token is asked for, whatever Cloud Run lets through. Needs DORMOUSE_AUDIENCE.',
      ),
    ),
  DORMOUSE_AUDIENCE: z
    .optional(
      list(
        /^https:\/\/[^\s/]+(\/[^\s/]+)*$/,
        'must be URLs with https:// and without a slash at the end, separated by commas',
      ),
    )
    .check(
      z.describe(
        "The function's own URL, for which those tokens must be made; several are separated by commas. Each function has another.",
      ),
    ),
  DORMOUSE_CLOCK_SPEED: z
    ._default(z.coerce.number().check(z.gte(1), z.lte(MAX_SPEED)), 1)
    .check(z.describe('Divides every duration, for the demo. Refused with DORMOUSE_GKE_ENDPOINT.')),
  GOOGLE_CLOUD_PROJECT: z
    .optional(text())
    .check(z.describe('Project of the database and of the traces that log lines belong to.')),
  FIRESTORE_EMULATOR_HOST: z.optional(text()).check(z.describe("Address of Google's Firestore emulator.")),
  KUBERNETES_SERVICE_HOST: z
    .optional(text())
    .check(
      z.describe('Set by Kubernetes in a pod: there, the service account is used if nothing else is said.'),
    ),
});

type Environment = z.infer<typeof environmentSchema>;
/** What is set, before it is known to be right: problems of one kind must not hide those of another. */
type Given = Readonly<Partial<Record<keyof Environment, string | undefined>>>;
type Found<Value> = { readonly value: Value } | { readonly problem: string };

/**
 * Reads the configuration from the environment; an empty variable counts as absent.
 * @throws ConfigError that lists everything that is wrong
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const filled = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(filled);
  const issues = parsed.success ? [] : parsed.error.issues.map(describeIssue);
  const kubernetes = findKubernetes(filled);
  const store = findStore(filled);
  const found = [kubernetes, store].flatMap((each) => ('problem' in each ? [each.problem] : []));
  const problems = [...issues, ...found, ...unknownVariables(filled), ...contradictions(filled)];
  if (!parsed.success || 'problem' in kubernetes || 'problem' in store || problems.length > 0) {
    throw new ConfigError(problems);
  }
  return assemble(parsed.data, kubernetes.value, store.value);
}

function assemble(env: Environment, kubernetes: KubernetesConfig, store: StoreConfig): Config {
  const projectId = env.GOOGLE_CLOUD_PROJECT;
  return {
    cluster: env.DORMOUSE_CLUSTER,
    namespace: env.DORMOUSE_NAMESPACE,
    kubernetes,
    store,
    ...(projectId === undefined ? {} : { projectId }),
    mode: env.DORMOUSE_MODE === 'off' ? 'off' : 'on',
    isDryRun: env.DORMOUSE_MODE === 'dry-run',
    timing: createTiming(env.DORMOUSE_IDLE_AFTER_MINUTES * MINUTE_MS, env.DORMOUSE_CLOCK_SPEED),
    holdLimits: { pageAfterMs: PAGE_AFTER_MS, holdLimitMs: env.DORMOUSE_HOLD_LIMIT_SECONDS * SECOND_MS },
    branding: brandingOf(env),
    expectedProxies: env.DORMOUSE_EXPECTED_PROXIES,
    sweepBatchSize: env.DORMOUSE_SWEEP_BATCH_SIZE,
    sweepDeadlineMs: env.DORMOUSE_SWEEP_DEADLINE_SECONDS * SECOND_MS,
    ...callerRulesOf(env),
  };
}

function callerRulesOf({
  DORMOUSE_AUDIENCE: audiences,
  DORMOUSE_ALLOWED_CALLERS: callers,
}: Environment): Pick<Config, 'callerRules'> {
  if (audiences === undefined || callers === undefined) return {};
  return { callerRules: { audiences, allowedCallers: callers.map((email) => email.toLowerCase()) } };
}

function brandingOf({
  DORMOUSE_PAGE_TITLE: title,
  DORMOUSE_PAGE_LOGO: logoText,
  DORMOUSE_PAGE_LINK: link,
}: Environment): Branding {
  return {
    ...(title === undefined ? {} : { title }),
    ...(logoText === undefined ? {} : { logoText }),
    ...(link === undefined ? {} : { link }),
  };
}

function findKubernetes(env: Given): Found<KubernetesConfig> {
  const { DORMOUSE_GKE_ENDPOINT: endpoint, DORMOUSE_KUBERNETES_URL: url, DORMOUSE_KUBECONFIG: file } = env;
  const context = env.DORMOUSE_KUBE_CONTEXT;
  const ways: KubernetesConfig[] = [];
  if (endpoint !== undefined) ways.push({ by: 'gke', endpoint });
  if (url !== undefined) ways.push({ by: 'url', url });
  if (file !== undefined)
    ways.push({ by: 'kubeconfig', file, ...(context === undefined ? {} : { context }) });
  if (ways.length === 0 && env.KUBERNETES_SERVICE_HOST !== undefined) ways.push({ by: 'in-cluster' });
  const names = 'DORMOUSE_GKE_ENDPOINT, DORMOUSE_KUBERNETES_URL, DORMOUSE_KUBECONFIG';
  return exactlyOne(ways, names);
}

function findStore(env: Given): Found<StoreConfig> {
  const { DORMOUSE_FIRESTORE_DATABASE: database, DORMOUSE_SQLITE_FILE: file } = env;
  const emulatorHost = env.FIRESTORE_EMULATOR_HOST;
  const stores: StoreConfig[] = [];
  if (database !== undefined) {
    stores.push({ kind: 'firestore', database, ...(emulatorHost === undefined ? {} : { emulatorHost }) });
  }
  if (file !== undefined) stores.push({ kind: 'sqlite', file });
  if (database !== undefined && env.GOOGLE_CLOUD_PROJECT === undefined) {
    return { problem: 'DORMOUSE_FIRESTORE_DATABASE needs GOOGLE_CLOUD_PROJECT' };
  }
  return exactlyOne(stores, 'DORMOUSE_FIRESTORE_DATABASE, DORMOUSE_SQLITE_FILE');
}

function exactlyOne<Value>(values: readonly Value[], names: string): Found<Value> {
  const [value] = values;
  if (value !== undefined && values.length === 1) return { value };
  return { problem: `set exactly one of ${names}; ${values.length === 0 ? 'none' : values.length} is set` };
}

function contradictions(env: Given): string[] {
  const isFast = Number(env.DORMOUSE_CLOCK_SPEED ?? 1) !== 1;
  const isProduction = env.DORMOUSE_GKE_ENDPOINT !== undefined;
  const isHalfChecked =
    (env.DORMOUSE_ALLOWED_CALLERS === undefined) !== (env.DORMOUSE_AUDIENCE === undefined);
  const isContextAlone = env.DORMOUSE_KUBE_CONTEXT !== undefined && env.DORMOUSE_KUBECONFIG === undefined;
  return [
    ...(isFast && isProduction
      ? ['DORMOUSE_CLOCK_SPEED is for the demo: leave it out with DORMOUSE_GKE_ENDPOINT']
      : []),
    ...(isContextAlone
      ? ['DORMOUSE_KUBE_CONTEXT names a context of DORMOUSE_KUBECONFIG, which is not set']
      : []),
    ...(isHalfChecked
      ? ['DORMOUSE_ALLOWED_CALLERS and DORMOUSE_AUDIENCE belong together: set both, or none']
      : []),
  ];
}

/** A misspelt variable would silently leave a default in force. */
function unknownVariables(env: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(environmentSchema.shape);
  const unknown = Object.keys(env).filter((key) => key.startsWith('DORMOUSE_') && !known.includes(key));
  return unknown.map((key) => `${key} is not a variable of Dormouse; known are ${known.join(', ')}`);
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const variable = issue.path.join('.');
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  return `${variable} ${isMissing ? 'is required' : `is wrong: ${issue.message}`}`;
}
