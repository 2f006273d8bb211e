import { loadYaml } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { revisionsOf } from '../../shared/core/branch.ts';
import { noticeOf } from '../../shared/core/notice-of.ts';
import { BRANCH, HOUR, MINUTE, NOON, RULES } from '../fixtures/branches.ts';
import { describeWith, partPath } from '../parts/part.ts';
import { startControlPlane } from '../world/control-plane.ts';
import { startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { createKubernetesApi } from '../world/kubernetes-api.ts';
import { until } from './cluster-fixture.ts';
import { createPlainKubectl, createRealKubectl } from './kubectl.ts';
import { commandsOf, type Example, readPoliciesPage } from './policies-page.ts';
import {
  createPoliciesWorld,
  DATABASE,
  decide,
  decided,
  decidedAsDeployed,
  NAMESPACE,
  type PoliciesWorld,
  recordOf,
  type Seen,
  wokenTo,
} from './policies-world.ts';

const DAY = 24 * HOUR;
/** Wednesday, 09:00 in Tokyo. */
const TOKYO_OPENS = Date.UTC(2026, 10, 25);
/** Saturday, 22:00 in Berlin. */
const BERLIN_OPENS = Date.UTC(2026, 10, 28, 21);
const SWEEP = RULES.timing.sweepEveryMs;
const MAY_DELETE = { mayDelete: true, lastBlindMs: 'never' } as const;
const page = readPoliciesPage();

describe('the page of policies', () => {
  test('has one example or more of each row of its tables', () => {
    expect(page.rows.length).toBeGreaterThan(10);
    for (const row of page.rows) expect([row, examplesOf(row).length > 0]).toEqual([row, true]);
  });

  test('has no example that no test carries out', () => {
    const shown = page.sections.filter(({ examples }) => examples.length > 0).map(({ anchor }) => anchor);
    expect(shown.sort()).toEqual([...page.rows, START_ORDER, WHO_SETS].sort());
  });

  test('shows Argo CD both settings that it needs', () => {
    const [example] = examplesOf(WHO_SETS);
    const { spec } = loadYaml<ArgoApplication>(example?.text ?? '');
    const left = spec.ignoreDifferences.map(({ kind, jsonPointers }) => [kind, jsonPointers]);
    expect(left).toEqual([
      ['Deployment', ['/spec/replicas']],
      ['StatefulSet', ['/spec/replicas']],
    ]);
    expect(spec.syncPolicy.syncOptions).toEqual(['RespectIgnoreDifferences=true']);
  });
});

const START_ORDER = 'in-which-order-workloads-start';
const WHO_SETS = 'who-sets-the-replicas';

type ArgoApplication = {
  readonly spec: {
    readonly ignoreDifferences: readonly {
      readonly kind: string;
      readonly jsonPointers: readonly string[];
    }[];
    readonly syncPolicy: { readonly syncOptions: readonly string[] };
  };
};

function examplesOf(anchor: string): readonly Example[] {
  return page.sections.find((section) => section.anchor === anchor)?.examples ?? [];
}

describe('the examples of the page, on the embedded Kubernetes', () => {
  examplesContract(async () => {
    const kubernetes = await startEmbeddedKubernetes();
    const api = createKubernetesApi(kubernetes);
    const kubectl = createPlainKubectl(api, NAMESPACE);
    return createPoliciesWorld({
      server: kubernetes,
      token: 'nobody-asks',
      api,
      kubectl,
      stop: kubernetes.stop,
    });
  });
});

describeWith(['control-plane'], 'the examples of the page, by kubectl on a real control plane', () => {
  examplesContract(async () => {
    const controlPlane = await startControlPlane({ assets: partPath('control-plane') });
    const server = controlPlane.server();
    const kubectl = createRealKubectl(controlPlane, NAMESPACE);
    const api = createKubernetesApi(server);
    const token = controlPlane.token('admin');
    return createPoliciesWorld({ server, token, api, kubectl, stop: controlPlane.stop });
  });
});

function examplesContract(start: () => Promise<PoliciesWorld>): void {
  let world: PoliciesWorld;
  beforeAll(async () => {
    world = await start();
  });
  afterAll(() => world?.stop());
  beforeEach(() => world.begin());
  afterEach(() => world.end());

  /** Carries out one example of a section, and looks. */
  const follow = async (anchor: string, which = 0): Promise<Seen> => {
    const example = examplesOf(anchor)[which];
    if (example?.language === 'yaml') await world.kubectl.apply(example.text);
    else for (const words of commandsOf(example ?? MISSING)) await world.kubectl.run(words);
    return world.look();
  };

  test('idle-after: sleeps 45 minutes after the last visit', async () => {
    const before = await world.look();
    expect(decided(before, {}, NOON + HOUR - 1)).toBe('active');
    const seen = await follow('idle-after');
    expect(decided(seen, {}, NOON + 45 * MINUTE - 1)).toBe('active');
    expect(decided(seen, {}, NOON + 45 * MINUTE)).toBe('sleep');
  });

  test('enabled: is left alone, awake or asleep', async () => {
    expect(decided(await world.look(), {}, NOON + HOUR)).toBe('sleep');
    const seen = await follow('enabled');
    expect(decided(seen, {}, NOON + 99 * DAY)).toBe('opted-out');
    expect(decided(seen, { asleepSinceMs: NOON, isAsleep: true }, NOON + HOUR)).toBe('opted-out');
  });

  test('replicas: wakes to two, whatever was remembered', async () => {
    expect(wokenTo(await world.look(), 3)).toBe(3);
    const seen = await follow('replicas');
    expect([wokenTo(seen, 3), wokenTo(seen, 1)]).toEqual([2, 2]);
  });

  test.each([
    ['Tokyo', TOKYO_OPENS, 10 * HOUR],
    ['Berlin, over midnight', BERLIN_OPENS, 4 * HOUR],
  ])('keep-awake: does not sleep in the hours of %s', async (_, opensMs, lengthMs) => {
    expect(decided(await world.look(), {}, opensMs)).toBe('sleep');
    const seen = await follow('keep-awake');
    expect(decided(seen, {}, opensMs - SWEEP - 1)).toBe('sleep');
    expect(decided(seen, {}, opensMs - SWEEP)).toBe('keep-awake-hours');
    expect(decided(seen, {}, opensMs + lengthMs - 1)).toBe('keep-awake-hours');
    expect(decided(seen, {}, opensMs + lengthMs)).toBe('sleep');
  });

  test('scheduled-wakes: the last sweep before the hours wakes it, if it was visited within 7 days', async () => {
    const seen = await follow('scheduled-wakes');
    const visited = (lastAccessMs: number) => ({
      lastAccessMs,
      asleepSinceMs: lastAccessMs + HOUR,
      isAsleep: true,
    });
    const of7Days = visited(TOKYO_OPENS - SWEEP - 7 * DAY);
    expect(decided(seen, of7Days, TOKYO_OPENS - SWEEP - 1)).toBe('asleep');
    expect(decided(seen, of7Days, TOKYO_OPENS - SWEEP)).toBe('wake: schedule');
    expect(decided(seen, visited(of7Days.lastAccessMs - 1), TOKYO_OPENS - SWEEP)).toBe('asleep');
    const own = await follow('keep-awake');
    expect(decided(own, visited(NOON - 99 * DAY), TOKYO_OPENS - SWEEP)).toBe('wake: schedule');
  });

  test('background-activity: keeps it awake like a visit, for 12 hours after the last one', async () => {
    const seen = await world.look();
    const record = recordOf(examplesOf('background-activity')[0]?.text ?? '');
    expect(decided(seen, record, NOON + 3 * HOUR - 1)).toBe('background-activity');
    expect(decided(seen, record, NOON + 3 * HOUR)).toBe('sleep');
    const atNight = NOON + 12 * HOUR + MINUTE;
    expect(decided(seen, { lastBackgroundMs: NOON + 12 * HOUR - 1 }, atNight)).toBe('background-activity');
    expect(decided(seen, { lastBackgroundMs: NOON + 12 * HOUR }, atNight)).toBe('sleep');
  });

  test('background-max: heeds open pages for 2 hours after the last ordinary request', async () => {
    const seen = await follow('background-max');
    const at = NOON + 2 * HOUR + MINUTE;
    expect(decided(seen, { lastBackgroundMs: NOON + 2 * HOUR - 1 }, at)).toBe('background-activity');
    expect(decided(seen, { lastBackgroundMs: NOON + 2 * HOUR }, at)).toBe('sleep');
  });

  test('delete-after: is announced after 23 days and deleted after 30, with the switch', async () => {
    const seen = await follow('delete-after');
    const asleep = { asleepSinceMs: NOON + HOUR, isAsleep: true, deletion: MAY_DELETE };
    expect(decided(seen, asleep, NOON + 23 * DAY - 1)).toBe('asleep');
    expect(decided(seen, asleep, NOON + 23 * DAY)).toBe('announce-deletion');
    const announced = { ...asleep, deletionAnnouncedAtMs: NOON + 23 * DAY };
    expect(decided(seen, announced, NOON + 30 * DAY - 1)).toBe('asleep');
    expect(decided(seen, announced, NOON + 30 * DAY)).toBe('delete');
    expect(decided(seen, { ...announced, deletion: RULES.deletion }, NOON + 99 * DAY)).toBe('asleep');
  });

  test('namespace: is inherited, and the workload wins', async () => {
    const [ofNamespace = [], ofWorkload = []] = commandsOf(examplesOf('namespace')[0] ?? MISSING);
    await world.kubectl.run(ofNamespace);
    const inherited = await world.look();
    expect(decided(inherited, {}, NOON + 2 * HOUR - 1)).toBe('active');
    expect(decided(inherited, {}, NOON + 2 * HOUR)).toBe('sleep');
    await world.kubectl.run(ofWorkload);
    const nearer = await world.look();
    expect(decided(nearer, {}, NOON + 45 * MINUTE - 1)).toBe('active');
    expect(decided(nearer, {}, NOON + 45 * MINUTE)).toBe('sleep');
  });

  test('several-workloads: the label makes them one branch', async () => {
    const names = ({ workloads }: Seen) => workloads.map(({ name }) => name).sort();
    expect(names(await world.look())).toEqual([BRANCH]);
    expect(names(await follow('several-workloads'))).toEqual([BRANCH, DATABASE]);
  });

  test('pins: wakes it and keeps it awake until then', async () => {
    const seen = await world.look();
    const pinned = recordOf(examplesOf('pins')[0]?.text ?? '');
    const untilMs = Date.UTC(2026, 10, 27, 9);
    const asleep = { ...pinned, asleepSinceMs: NOON + HOUR, isAsleep: true };
    expect(decided(seen, pinned, untilMs - 1)).toBe('pinned');
    expect(decided(seen, pinned, untilMs)).toBe('sleep');
    expect(decided(seen, asleep, untilMs - 1)).toBe('wake: pinned');
    expect(decided(seen, asleep, untilMs)).toBe('asleep');
  });

  test('rollouts: a deploy delays sleep, and scaling does not', async () => {
    const [created] = (await world.look()).workloads;
    await until('a second went by', () => Date.now() > (created?.createdMs ?? 0) + 1_500);
    await world.kubectl.run(['kubectl', 'scale', 'deployment', BRANCH, '--replicas=2']);
    expect((await world.look()).workloads[0]?.lastEditMs).toBe(created?.lastEditMs);
    const seen = await follow('rollouts');
    const editedMs = seen.workloads[0]?.lastEditMs ?? 0;
    expect(editedMs).toBeGreaterThan(created?.lastEditMs ?? 0);
    expect(decidedAsDeployed(seen, editedMs + HOUR - 1)).toBe('active');
    expect(decidedAsDeployed(seen, editedMs + HOUR)).toBe('sleep');
  });

  test('jobs: one that runs keeps its branch awake for 6 hours', async () => {
    await follow('jobs');
    const path = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/migrate`;
    await world.api.patch(`${path}/status`, { status: { active: 1 } }); // no kubelet runs it
    const seen = await world.look();
    const startedMs = seen.jobs[0]?.startedMs ?? 0;
    expect(decided(seen, { lastAccessMs: 0 }, startedMs + 6 * HOUR - 1)).toBe('job-running');
    expect(decided(seen, { lastAccessMs: 0 }, startedMs + 6 * HOUR)).toBe('sleep');
  });

  test('autoscalers: wakes within the bounds', async () => {
    const seen = await follow('autoscalers');
    expect([1, 2, 5, 6].map((remembered) => wokenTo(seen, remembered))).toEqual([2, 2, 5, 5]);
  });

  test('fights: replicas that are put back count, and the third time leaves it awake for a day', async () => {
    const { workloads } = await world.look();
    const asleepSinceMs = NOON + 2 * HOUR;
    const asleep = { asleepSinceMs, revisions: revisionsOf(workloads) };
    await world.api.patch(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${BRANCH}/scale`, {
      spec: { replicas: 0 },
    });
    expect(decided(await world.look(), asleep, NOON + 3 * HOUR)).toBe('asleep');
    const putBack = await follow('fights');
    expect(decided(putBack, asleep, asleepSinceMs + 2 * MINUTE)).toBe('claim-settling');
    expect(decided(putBack, asleep, asleepSinceMs + 2 * MINUTE + 1)).toBe('put-back');
    expect(decided(putBack, { contested: 2 }, NOON + DAY - 1)).toBe('sleep');
    expect(decided(putBack, { contested: 3 }, NOON + DAY - 1)).toBe('contested');
    expect(decided(putBack, { contested: 3 }, NOON + DAY)).toBe('sleep');
    const isDeployed = async () => decided(await follow('fights', 1), asleep, NOON + 3 * HOUR) === 'deployed';
    await until('the deploy is seen', isDeployed);
  });

  test('wrong-annotations: keep awake, and the owner is told', async () => {
    const seen = await follow('wrong-annotations');
    expect(decided(seen, {}, NOON + 99 * DAY)).toBe('bad-annotation');
    const told = { record: { lastAccessMs: 0 }, deletion: RULES.deletion };
    const decision = decide(seen, told, NOON + 99 * DAY);
    const state = { branch: BRANCH, workloads: seen.workloads };
    const result = { result: 'kept', reason: 'bad-annotation' } as const;
    expect(noticeOf({ state, decision, result }, NOON)?.message).toContain('dormouse/idle-after is "soon"');
  });

  test('in which order workloads start: an init container waits for the database', async () => {
    await follow(START_ORDER);
    const made = await world.api.get<{
      spec: { template: { spec: { initContainers: readonly unknown[] } } };
    }>(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/waiting--g`);
    expect(made.spec.template.spec.initContainers).toHaveLength(1);
  });
}

const MISSING: Example = { language: 'sh', text: 'kubectl missing' };
