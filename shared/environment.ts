import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { isBrandLink, MAX_BRAND_LENGTH, MAX_BRAND_LINK_LENGTH } from './page/branding.ts';

const MAX_SPEED = 1_000;
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
  DORMOUSE_SWEEP_EVERY_MINUTES: z
    ._default(whole(1, 60), 5)
    .check(
      z.describe('How often a sweep comes: hours that open before the next one are heeded by this one.'),
    ),
  DORMOUSE_SCHEDULED_WAKE_DAYS: z
    ._default(whole(1, 365), 7)
    .check(
      z.describe(
        'The keep-awake hours of the namespace wake a branch that was visited or deployed within so many days, and no other.',
      ),
    ),
  DORMOUSE_BACKGROUND_MAX_HOURS: z
    ._default(whole(1, 8_760), 12)
    .check(
      z.describe(
        'How long open pages and sockets alone keep a branch awake after the last request that somebody made, unless an annotation says otherwise.',
      ),
    ),
  DORMOUSE_MAY_DELETE: z
    ._default(z.enum(['true', 'false']), 'false')
    .check(
      z.describe(
        'Whether `dormouse/delete-after` is heeded. Needs rights that are given by the same switch.',
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

/** The environment, read. */
export type Environment = z.infer<typeof environmentSchema>;
