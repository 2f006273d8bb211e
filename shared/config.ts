import type { z } from 'zod/mini';
import type { CallerRules } from './core/caller.ts';
import type { Mode } from './core/decide-branch.ts';
import type { HoldLimits } from './core/decide-hold.ts';
import { createTiming, type Timing } from './core/timing.ts';
import { type Environment, environmentSchema } from './environment.ts';
import type { Branding } from './page/branding.ts';

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
  /** Whether branches may be deleted whose `delete-after` is over. */
  readonly mayDelete: boolean;
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

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A branch that starts faster shows no page. */
const PAGE_AFTER_MS = 1_500;
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
    timing: timingOf(env),
    mayDelete: env.DORMOUSE_MAY_DELETE === 'true',
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

function timingOf(env: Environment): Timing {
  return createTiming(env.DORMOUSE_IDLE_AFTER_MINUTES * MINUTE_MS, {
    speed: env.DORMOUSE_CLOCK_SPEED,
    sweepEveryMs: env.DORMOUSE_SWEEP_EVERY_MINUTES * MINUTE_MS,
    scheduledWakeWithinMs: env.DORMOUSE_SCHEDULED_WAKE_DAYS * DAY_MS,
    backgroundMaxMs: env.DORMOUSE_BACKGROUND_MAX_HOURS * HOUR_MS,
  });
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
